/** HTTP/1.1: parsers, header rules, targets and routes. */
import { RequestParser, ResponseParser } from '@reverseit/core/http1';
import { serverOptions } from '@reverseit/core/internal/server';
import { defaultValues } from '@reverseit/core/options';
import { do_not_optimize } from 'mitata';
import { resolveProxyOptions } from '../../packages/node/src/options/resolve-proxy-options.ts';
import { RequestRewrite } from '../../packages/node/src/proxy/headers/request-rewrite.ts';
import { responseHeaders } from '../../packages/node/src/proxy/headers/response-rewrite.ts';
import { TargetRewrite } from '../../packages/node/src/proxy/headers/target-rewrite.ts';
import { RouteTable } from '../../packages/node/src/routes/route-table.ts';
import { eight, inTurn, type MicroCase } from './case.ts';

const limits = defaultValues(serverOptions);

const browserHead = (index: number): Buffer =>
  Buffer.from(
    [
      `GET /articles/${index}?name=value HTTP/1.1`,
      'Host: www.example.org',
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'Accept-Language: en-US,en;q=0.5',
      'Accept-Encoding: gzip, deflate, br, zstd',
      'Connection: keep-alive',
      `Cookie: session=0123456789abcdef0123456789abcde${index}; theme=dark`,
      'Upgrade-Insecure-Requests: 1',
      'Sec-Fetch-Mode: navigate',
      '\r\n',
    ].join('\r\n'),
  );

const responseBytes = (index: number): Buffer =>
  Buffer.from(
    [
      'HTTP/1.1 200 OK',
      'Content-Type: text/html; charset=utf-8',
      'Content-Length: 24',
      'Date: Mon, 23 Nov 2026 09:00:00 GMT',
      `ETag: "0123456789abcde${index}"`,
      'Cache-Control: private, max-age=60',
      'Set-Cookie: theme=dark; Path=/; HttpOnly; SameSite=Lax',
      'Server: nginx',
      `\r\n${'a'.repeat(24)}`,
    ].join('\r\n'),
  );

const requests = eight(browserHead);
const responses = eight(responseBytes);
const requestSize = requests[0].length;

function requestHead(): MicroCase {
  const parser = new RequestParser(limits);
  const next = inTurn(requests);
  return {
    name: "request parser, a browser's head",
    bytes: requestSize,
    run() {
      do_not_optimize(parser.readHead(next(), 0));
      parser.next();
    },
  };
}

function requestHeadInTwo(): MicroCase {
  const parser = new RequestParser(limits);
  const next = inTurn(eight((i) => [requests[i]?.subarray(0, 200), requests[i]?.subarray(200)]));
  return {
    name: 'request parser, the same in two pieces',
    bytes: requestSize,
    run() {
      const [first, second] = next() as [Buffer, Buffer];
      parser.readHead(first, 0);
      do_not_optimize(parser.readHead(second, 0));
      parser.next();
    },
  };
}

/** Content that is chunked: its head, sixteen chunks of 4 KiB, its end. */
function chunkedRequest(): MicroCase {
  const chunk = `1000\r\n${'a'.repeat(4096)}\r\n`;
  const next = inTurn(
    eight((i) =>
      Buffer.from(
        `POST /${i} HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(16)}0\r\n\r\n`,
      ),
    ),
  );
  const parser = new RequestParser(limits);
  const sink = { onBody: (piece: Buffer) => do_not_optimize(piece) };
  return {
    name: 'request parser, 64 KiB in chunks of 4 KiB',
    bytes: 65_536,
    run() {
      const bytes = next();
      parser.readHead(bytes, 0);
      parser.readBody(bytes, parser.offset, sink);
      parser.next();
    },
  };
}

function response(): MicroCase {
  const parser = new ResponseParser(65_536);
  const next = inTurn(responses);
  const sink = { onBody: (piece: Buffer) => do_not_optimize(piece) };
  return {
    name: 'response parser, head and 24 bytes',
    bytes: responses[0].length,
    run() {
      const bytes = next();
      parser.begin(65_536);
      do_not_optimize(parser.readHead(bytes, 0));
      parser.expectBody('length', 24);
      parser.readBody(bytes, parser.offset, sink);
    },
  };
}

const parsedRequest = (index: number) => {
  const parser = new RequestParser(limits);
  const head = parser.readHead(browserHead(index), 0);
  parser.free();
  if (head === null) throw new Error('the head of a browser is refused');
  return head;
};

const parsedHeaders = (index: number) => {
  const parser = new ResponseParser(65_536);
  const head = parser.readHead(responseBytes(index), 0);
  parser.free();
  if (head === null) throw new Error('the head of a response is refused');
  return head.headers;
};

function requestRules(): MicroCase {
  const { routes } = resolveProxyOptions({ backend: 'http://127.0.0.1:8080' });
  const [route] = routes;
  if (route === undefined) throw new Error('there is no route');
  const rewrite = new RequestRewrite(route, route.backend?.authority ?? '');
  const next = inTurn(eight(parsedRequest));
  const client = {
    remoteAddress: '192.0.2.1',
    localAddress: '',
    encrypted: false,
    effectiveClient: null,
    peerCertificates: null,
    mountPath: '',
  };
  return {
    name: 'header rules, request',
    bytes: 0,
    run: () => do_not_optimize(rewrite.apply(next(), client)),
  };
}

function responseRules(): MicroCase {
  const next = inTurn(eight(parsedHeaders));
  return {
    name: 'header rules, response',
    bytes: 0,
    run: () => {
      const head = { status: 200, headers: next(), httpVersion: '1.1' } as const;
      return do_not_optimize(responseHeaders(head, false, null, false));
    },
  };
}

function target(name: string, make: (index: number) => string): MicroCase {
  const rewrite = new TargetRewrite({
    path: '/api',
    stripPath: '/api',
    pathPrefix: '/v1',
  });
  const next = inTurn(eight(make));
  return { name, bytes: 0, run: () => do_not_optimize(rewrite.apply(next())) };
}

function routes(count: number): MicroCase {
  const table = new RouteTable(
    Array.from({ length: count }, (_, i) => ({ host: null, path: i === 0 ? '/' : `/r/${i}` })),
  );
  const next = inTurn(eight((i) => `/r/${(i * 617) % 1000}/hello?name=value`));
  return {
    name: `route of a path among ${count}`,
    bytes: 0,
    run: () => do_not_optimize(table.match(null, next())),
  };
}

export const httpCases = (): readonly MicroCase[] => [
  requestHead(),
  requestHeadInTwo(),
  chunkedRequest(),
  response(),
  requestRules(),
  responseRules(),
  target('path, with a prefix taken off and one put on', (i) => `/api/articles/${i}?name=value`),
  target('path, with dot segments to judge', (i) => `/api/articles/./${i}/%2e%2E/x;v=1/../y`),
  routes(1),
  routes(1000),
];
