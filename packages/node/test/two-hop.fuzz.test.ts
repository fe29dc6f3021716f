/**
 * What the proxy passes on, read again by servers of other makers: each request that they answer is the
 * very one that the client sent, and there is no further one (RFC 9112 §11.2). nginx and HAProxy stand
 * before a backend that records; `node:http` records by itself. Where they are stricter, they refuse.
 */
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sectionSize } from '@reverseit/core/http';
import { PARSER, type RequestHead, RequestParser } from '@reverseit/core/http1';
import {
  answerEach,
  type Census,
  census,
  connectRaw,
  expectCensus,
  type RawClient,
  type RawResponse,
  response,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { anyRequests } from '@reverseit/test-servers/arbitrary-requests';
import { available, startHaproxy, startNginx } from '@reverseit/test-servers/external-servers';
import { loadCorpus } from '@reverseit/test-servers/load-corpus';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type ReverseItOptions, type ReverseItServer } from '../src/index.ts';

/** A request as the last hop understood it. */
interface Seen {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The last hop: answers each request with its number, and keeps it. */
interface Recorder {
  readonly url: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

interface Hop {
  readonly name: string;
  readonly installed: boolean;
  /** Whether it is too strict to take a request that is legal. */
  refuses(head: RequestHead, trailerBytes: number): boolean;
  start(): Promise<Recorder>;
}

async function startRecorder(): Promise<Recorder> {
  const seen: Seen[] = [];
  const origin = await startScriptedOrigin({
    maxRecords: 0,
    script: answerEach(({ method, target, fields, body }) => {
      seen.push({ method, target, fields, body: body.toString('latin1') });
      return response(200, '', [`x-number: ${seen.length - 1}`]);
    }),
  });
  return { url: origin.url, seen, close: () => origin.close() };
}

async function startNode(): Promise<Recorder> {
  const seen: Seen[] = [];
  const server = createHttpServer({ maxHeaderSize: 1 << 20 });
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.on(event, (request, answer) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const raw: string[] = request.rawHeaders;
        const fields = raw.flatMap((name, at) =>
          at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : [],
        );
        const body = Buffer.concat(pieces).toString('latin1');
        seen.push({ method: request.method, target: request.url, fields, body });
        answer.setHeader('x-number', seen.length - 1).end();
      });
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Another maker's proxy before the recorder. */
async function before(
  start: (options: { proxyTo: string }) => Promise<{ url: string; close(): Promise<void> }>,
): Promise<Recorder> {
  const recorder = await startRecorder();
  const server = await start({ proxyTo: recorder.url });
  return {
    url: server.url,
    seen: recorder.seen,
    close: async () => {
      await server.close();
      await recorder.close();
    },
  };
}

/** What the proxy answers by itself: for the server, or where a path climbs or a handshake is none. */
const staysHere = ({ method, target, upgrade }: RequestHead): boolean =>
  method === 'OPTIONS' || method === 'TRACE' || upgrade || target.includes('..');

const hops: readonly Hop[] = [
  { name: 'node:http', installed: true, refuses: () => false, start: startNode },
  {
    name: 'nginx',
    installed: available('nginx'),
    // It decodes the path.
    refuses: ({ method, target }) =>
      method === 'TRACE' || /%(?![0-9a-f]{2})|%00|\.\./i.test(target),
    start: () => before(startNginx),
  },
  {
    name: 'HAProxy',
    installed: available('haproxy'),
    // Its buffer is one of 16 KiB.
    refuses: ({ byteLength }, trailerBytes) => byteLength + trailerBytes > 15_000,
    start: () => before(startHaproxy),
  },
];

/** What concerns a connection, and Host, which is the route's. */
const ofHop = new Set([
  'host',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A whole request that the client sent. */
interface Sent {
  readonly head: RequestHead;
  body: string;
  trailerBytes: number;
}

/** The requests of a connection, as the proxy's own parser tells them, and where the last one ends. */
function readRequests(input: Buffer): { readonly sent: readonly Sent[]; readonly end: number } {
  const parser = new RequestParser({
    maxRequestTargetBytes: 8192,
    maxRequestHeaderLineBytes: 8192,
    maxRequestHeaderBytes: 65_536,
    maxRequestHeaders: 100,
  });
  const sent: Sent[] = [];
  let end = 0;
  for (let open = true; open; ) {
    const head = parser.readHead(input, end);
    if (head === null) break;
    const request: Sent = { head, body: '', trailerBytes: 0 };
    parser.readBody(input, parser.offset, {
      onBody: (piece) => {
        request.body += piece.toString('latin1');
      },
    });
    if (parser.state !== PARSER.COMPLETE) break;
    request.trailerBytes = sectionSize(parser.trailers);
    sent.push(request);
    end = parser.offset;
    open = head.persistent;
    if (open) parser.next();
  }
  parser.free();
  return { sent, end };
}

const endToEnd = (fields: Seen['fields'], names: readonly string[]): string[] =>
  fields
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .filter((line) => {
      const name = line.slice(0, line.indexOf(':'));
      return !ofHop.has(name) && !names.includes(name);
    });

const asSent = ({ head, body }: Sent): object => ({
  line: [head.method, head.target],
  fields: endToEnd(
    head.fields.flatMap((name, at) =>
      at % 2 === 0 ? [[name, head.fields[at + 1] ?? ''] as const] : [],
    ),
    head.connectionNames ?? [],
  ),
  body,
});

const asSeen = ({ method, target, fields, body }: Seen): object => ({
  line: [method, target],
  fields: endToEnd(fields, []),
  body,
});

/** Sends the bytes and reads responses until the connection ends. */
async function play(port: number, input: Buffer, methods: readonly string[]) {
  const client: RawClient = await connectRaw({ port });
  const answers: RawResponse[] = [];
  try {
    client.send(input);
    client.end();
    while (await client.reader.hasMore()) {
      answers.push(await client.readResponse({ method: methods[answers.length] ?? 'GET' }));
    }
  } catch (error) {
    // A response that cannot be had any more is cut off.
    if ((error as Error).name !== 'PeerGoneError') throw error;
  } finally {
    await client.close();
  }
  return answers;
}

/** What writes the request to the backend, and whether its body was collected before. */
const ways: readonly Partial<ReverseItOptions>[] = (['undici', 'direct'] as const).flatMap(
  (transport) =>
    [0, 1_048_576].map((requestBodyBufferSize) => ({ requestBodyBufferSize, pool: { transport } })),
);

describe.each(hops)('$name behind the proxy', ({ installed, refuses, start }) => {
  let atStart: Census;
  let recorder: Recorder;
  const proxies: ReverseItServer[] = [];

  beforeAll(async () => {
    if (!installed) return;
    atStart = census();
    recorder = await start();
    for (const way of ways) {
      const proxy = createServer({
        logger: null,
        backend: recorder.url,
        forwardedHeaders: false,
        requestBodyBufferDelay: 0,
        ...way,
      });
      await proxy.listen({ host: '127.0.0.1', port: 0 });
      proxies.push(proxy);
    }
  });

  afterAll(async () => {
    if (!installed) return;
    for (const proxy of proxies) await proxy.close({ timeout: 0 });
    await recorder.close();
    await expectCensus(atStart);
  });

  async function judge(text: string, way: number): Promise<number> {
    const input = Buffer.from(text, 'latin1');
    const { sent, end } = readRequests(input);
    const methods = sent.map(({ head }) => head.method);
    // A refused HEAD is answered as one.
    methods.push(/^(?:\r\n)?HEAD /.test(text.slice(end)) ? 'HEAD' : 'GET');
    recorder.seen.length = 0;
    const address = proxies[way]?.address() as { port: number };
    const answers = await play(address.port, input, methods);
    // A refusal may end the connection.
    if (answers.at(-1)?.header('connection') !== 'close') {
      expect(answers.length).toBeGreaterThanOrEqual(sent.length);
    }
    const reached: Sent[] = [];
    for (const [nth, message] of sent.entries()) {
      const answer = answers[nth];
      if (answer === undefined) break;
      if (answer.status === 200) {
        expect(answer.header('x-number')).toBe(String(reached.length));
        reached.push(message);
      } else if (!staysHere(message.head) && !refuses(message.head, message.trailerBytes)) {
        throw new Error(`refused with ${answer.status}: ${message.head.target}`);
      }
    }
    expect(recorder.seen.map(asSeen)).toEqual(reached.map(asSent));
    return reached.length;
  }

  const cases = loadCorpus('proxy').filter((one) => Object.keys(one.options).length === 0);

  it.skipIf(!installed)('understands the corpus as it was sent', async () => {
    let reached = 0;
    for (const { title, input } of cases) {
      for (const way of ways.keys()) {
        reached += await judge(input.toString('latin1'), way).catch((cause: unknown) => {
          throw new Error(title, { cause });
        });
      }
    }
    expect(reached).toBeGreaterThan(400);
  });

  it.skipIf(!installed)('understands any requests as they were sent', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequests, fc.nat(ways.length - 1), async (text, way) => {
        await judge(text, way);
      }),
      {
        numRuns: Math.min(2000, fc.readConfigureGlobal()?.numRuns ?? 100),
        // An interruption would leave connections in the middle of their requests.
        interruptAfterTimeLimit: 3_600_000,
      },
    );
  });
});
