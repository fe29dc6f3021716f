/** The proxy as middleware: fields of a response, to the byte, beside what the application has done to it. */
import http, { type ServerResponse } from 'node:http';
import {
  answerEach,
  deferred,
  expectRequest,
  response,
  script,
  send,
  waitFor,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import { endToEnd, type Host, hosts, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();

/** A server whose application does something to the response before it calls the proxy. */
const before =
  (prepare: (answer: ServerResponse) => void): Host =>
  (handler) =>
    http.createServer((incoming, answer) => {
      prepare(answer);
      handler(incoming, answer);
    });

type WriteHead = (status: number, ...rest: unknown[]) => ServerResponse;

/** What `on-headers` before 1.1 makes of `writeHead`: it takes a flat list for a list of pairs. */
function wrapWriteHead(answer: ServerResponse, onHead: () => void = () => {}): void {
  const inner = answer.writeHead as WriteHead;
  const outer: WriteHead = (status, ...rest) => {
    const fields = rest[typeof rest[0] === 'string' ? 1 : 0] as Record<string, string> | undefined;
    answer.statusCode = status;
    if (Array.isArray(fields)) for (const pair of fields) answer.setHeader(pair[0], pair[1]);
    else if (fields !== undefined) {
      for (const name of Object.keys(fields)) answer.setHeader(name, fields[name] as string);
    }
    onHead();
    return inner.call(answer, answer.statusCode, ...rest.filter((one) => typeof one === 'string'));
  };
  answer.writeHead = outer as ServerResponse['writeHead'];
}

const latin1 = 'attachment; filename="\xe9.pdf"';
const utf8 = Buffer.from('attachment; filename="é – 漢.pdf"').toString('latin1');

describe('RFC 9110 §5.5: bytes beyond ASCII pass as they are', () => {
  const ways: Record<string, Host> = {
    ...hosts,
    'a wrapped writeHead': before(wrapWriteHead),
    'fields of the application': before((answer) => answer.setHeader('X-App', '1')),
  };
  const cases: [about: string, value: string][] = [
    ['latin1', latin1],
    ['UTF-8', utf8],
  ];

  describe.each(Object.entries(ways))('%s', (_, host) => {
    it.each(cases)('%s, the head before the content', async (_name, value) => {
      const more = deferred();
      const fields = ['Content-Length: 2', `Content-Disposition: ${value}`, `X-Name: ${value}`];
      const rig = await start({
        host,
        origin: {
          script: script(
            expectRequest(),
            send(Buffer.from(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\n`, 'latin1')),
            waitFor(more.promise),
            send('ok'),
          ),
        },
      });
      const client = await rig.connect();
      client.send(request('GET /'));
      const { head } = await client.readHead();
      const got = Object.fromEntries(head.fields.map(([name, text]) => [name.toLowerCase(), text]));
      expect(got).toMatchObject({ 'content-disposition': value, 'x-name': value });
      more.resolve();
      expect((await client.reader.take(2)).toString()).toBe('ok');
      (await rig.origin.connection()).end();
    });

    it.each(cases)('%s, the head with the content', async (_name, value) => {
      const fields = ['Content-Length: 2', `content-disposition: ${value}`, `X-Name: ${value}`];
      const rig = await start({
        host,
        origin: { script: answerEach(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\nok`) },
      });
      const answer = await rig.request(request('GET /'));
      expect(answer.header('content-disposition')).toBe(value);
      expect([answer.header('x-name'), answer.text]).toEqual([value, 'ok']);
    });

    it.each([
      ['a head without content', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'],
      ['a 304', 'GET', 'HTTP/1.1 304 Fine\r\n'],
      ['a response until close', 'GET', 'HTTP/1.1 200 OK\r\nConnection: close\r\n'],
    ])('latin1 in %s', async (_name, method, head) => {
      const rig = await start({
        host,
        origin: {
          script: script(
            expectRequest(),
            send(Buffer.from(`${head}Content-Disposition: ${latin1}\r\n\r\n`, 'latin1')),
            (backend) => backend.end(),
          ),
        },
      });
      const answer = await rig.request(request(`${method} /`));
      expect(answer.header('content-disposition')).toBe(latin1);
    });

    it('in trailers and early hints', async () => {
      const link = `</${utf8.slice(-6)}>; rel=preload`;
      const text = [
        'HTTP/1.1 103 Early Hints',
        `Link: </a>; rel=preload`,
        `X-Name: ${latin1}${utf8}`,
        '',
        'HTTP/1.1 200 OK',
        `Link: ${link}`,
        'Transfer-Encoding: chunked',
        '',
        '2\r\nok\r\n0',
        `X-Sum: ${latin1}${utf8}`,
        '',
        '',
      ];
      const rig = await start({ host, origin: { script: answerEach(text.join('\r\n')) } });
      const answer = await rig.request(request('GET /'));
      expect(answer.header('link')).toBe(link);
      expect(answer.trailers).toEqual([['X-Sum', `${latin1}${utf8}`]]);
      expect(answer.interim[0]?.fields).toContainEqual(['x-name', `${latin1}${utf8}`]);
    });

    it('in requests', async () => {
      const rig = await start({ host });
      await rig.request(request('GET /', [`X-Name: ${latin1}${utf8}`]));
      expect(rig.origin.requests[0]?.header('x-name')).toBe(`${latin1}${utf8}`);
    });
  });
});

describe('a writeHead that the application has wrapped', () => {
  const fields = [
    'Content-Type: text/html',
    'ETag: "a"',
    'Set-Cookie: a=1',
    'X-B: 1',
    'set-cookie: b=2',
    'x-b: 2',
  ];

  it('hears of every field by name, and changes them', async () => {
    const seen: unknown[] = [];
    const rig = await start({
      host: before((answer) =>
        wrapWriteHead(answer, () => {
          seen.push(answer.getHeader('content-type'), answer.getHeader('x-b'));
          answer.removeHeader('etag');
          answer.setHeader('X-Late', '1');
        }),
      ),
      origin: { script: answerEach(response(200, 'ok', fields)) },
    });
    const answer = await rig.request(request('GET /'));
    expect(seen).toEqual(['text/html', ['1', '2']]);
    expect([answer.status, answer.reason, answer.text]).toEqual([200, 'Scripted', 'ok']);
    expect(endToEnd(answer)).toEqual([
      'Content-Type: text/html',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X-B: 1',
      'X-B: 2',
      'content-length: 2',
      'X-Late: 1',
    ]);
  });

  it.each([
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 'ok'],
    ['content until close', 'HTTP/1.1 200 OK\r\n\r\nok', 'ok'],
    ['a 204', 'HTTP/1.1 204 None\r\n\r\n', ''],
  ])('frames %s as ever', async (_name, sent, text) => {
    const rig = await start({
      host: before((answer) => wrapWriteHead(answer)),
      origin: {
        script: script(expectRequest(), send(sent), (backend) => backend.end()),
      },
    });
    const client = await rig.connect();
    expect((await client.request(request('GET /'))).text).toBe(text);
    await client.close();
  });

  it('may turn a response into 304, as conditional requests do', async () => {
    const rig = await start({
      host: before((answer) =>
        wrapWriteHead(answer, () => {
          if (answer.getHeader('etag') === answer.req.headers['if-none-match']) {
            answer.statusCode = 304;
          }
        }),
      ),
      origin: { script: answerEach(response(200, 'ok', fields)) },
    });
    const client = await rig.connect();
    const first = await client.request(request('GET /', ['If-None-Match: "a"']));
    expect([first.status, first.header('etag'), first.text]).toEqual([304, '"a"', '']);
    const second = await client.request(request('GET /', ['If-None-Match: "b"']));
    expect([second.status, second.text]).toEqual([200, 'ok']);
  });
});

describe('fields that the application has set before', () => {
  const ways: Record<string, (answer: ServerResponse) => void> = {
    'with the writeHead of Node': () => {},
    'with a writeHead of its own': wrapWriteHead,
  };

  describe.each(Object.entries(ways))('%s', (_, wrap) => {
    const started = (own: Record<string, number | string | string[]>, fields: string[]) =>
      start({
        host: before((answer) => {
          wrap(answer);
          for (const [name, value] of Object.entries(own)) answer.setHeader(name, value);
        }),
        origin: { script: answerEach(response(200, 'ok', fields)) },
      });

    it.each<[string, string | string[], string[], string[]]>([
      ['one and one', 'csrf=1', ['Set-Cookie: a=1'], ['csrf=1', 'a=1']],
      [
        'two and two',
        ['c=1', 'd=2'],
        ['Set-Cookie: a=1', 'set-cookie: b=2'],
        ['c=1', 'd=2', 'a=1', 'b=2'],
      ],
      ['its own alone', ['c=1', 'd=2'], [], ['c=1', 'd=2']],
    ])('RFC 6265 §3: cookies of both are set, %s', async (_name, own, fields, both) => {
      const rig = await started({ 'Set-Cookie': own }, fields);
      expect((await rig.request(request('GET /'))).headers('set-cookie')).toEqual(both);
    });

    it.each<[string, string | string[], string[], string]>([
      ['one and one', 'Origin', ['Vary: Accept-Encoding'], 'Origin, Accept-Encoding'],
      ['the same', 'Origin', ['vary: origin, Cookie'], 'Origin, Cookie'],
      ['several lines', ['Origin', 'Cookie'], ['Vary: A', 'Vary: *'], 'Origin, Cookie, A, *'],
      ['its own alone', 'Origin', [], 'Origin'],
    ])('RFC 9110 §12.5.5: Vary names what both do, %s', async (_name, own, fields, both) => {
      const rig = await started({ Vary: own }, fields);
      expect((await rig.request(request('GET /'))).headers('vary')).toEqual([both]);
    });

    it('give way to the backend’s in every other case', async () => {
      const rig = await started(
        { 'Content-Type': 'text/plain', 'X-Powered-By': 'app', ETag: '"app"', 'X-Number': 7 },
        ['content-type: text/html', 'ETag: "b"'],
      );
      const answer = await rig.request(request('GET /'));
      expect(answer.headers('content-type')).toEqual(['text/html']);
      expect(answer.headers('etag')).toEqual(['"b"']);
      expect([answer.header('x-powered-by'), answer.header('x-number')]).toEqual(['app', '7']);
    });
  });

  it('stay on an answer of the proxy’s own', async () => {
    const rig = await start({
      options: { backend: 'http://127.0.0.1:1' },
      host: before((answer) => answer.setHeader('Set-Cookie', 'csrf=1')),
    });
    const answer = await rig.request(request('GET /'));
    expect([answer.status, answer.headers('set-cookie')]).toEqual([502, ['csrf=1']]);
  });
});

describe('who holds content back is told not to', () => {
  it.each([
    ['Content-Type: text/event-stream', 2],
    ['content-type: Text/Event-Stream; charset=utf-8', 2],
    ['X-Accel-Buffering: no', 2],
    ['Content-Type: text/event-streams', 0],
    ['Content-Type: text/html', 0],
  ])('%s: %i times for two pieces', async (field, times) => {
    const more = deferred();
    let flushed = 0;
    const rig = await start({
      host: before((answer) => {
        Object.assign(answer, { flush: () => flushed++ });
      }),
      origin: {
        script: script(
          expectRequest(),
          send(`HTTP/1.1 200 OK\r\n${field}\r\nTransfer-Encoding: chunked\r\n\r\n`),
          send('1\r\na\r\n'),
          waitFor(more.promise),
          send('1\r\nb\r\n0\r\n\r\n'),
        ),
      },
    });
    const client = await rig.connect();
    client.send(request('GET /'));
    await client.reader.takeThrough('\r\na\r\n');
    more.resolve();
    await client.reader.takeThrough('0\r\n\r\n');
    expect(flushed).toBe(times);
    (await rig.origin.connection()).end();
  });
});
