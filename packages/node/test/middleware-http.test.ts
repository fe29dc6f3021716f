/** The proxy as middleware: what passes, and how exactly, in every server and framework. */
import {
  answerEach,
  chunkedResponse,
  patternBytes,
  patternSha256,
  response,
  startFriendlyOrigin,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import { appNotFound, endToEnd, hosts, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();
const large = 8 * 1024 * 1024;

describe.each(Object.entries(hosts))('%s', (_, host) => {
  it('RFC 9110 §5.3: keeps order, case and repetition of fields both ways', async () => {
    const fields = ['X-B: 1', 'x-a: \xe9', 'Set-Cookie: a=1', 'X-b: 3', 'set-cookie: b=2'];
    const rig = await start({
      host,
      origin: { script: answerEach(response(200, 'ok', fields)) },
    });
    const answer = await rig.request(request('GET /x?y=%2F', ['X-B: 1', 'x-a: 2', 'X-b: \xe9']));
    expect([answer.status, answer.reason, answer.text]).toEqual([200, 'Scripted', 'ok']);
    expect(endToEnd(answer)).toEqual([...fields, 'content-length: 2']);
    const seen = rig.origin.connections[0]?.received.toString('latin1').split('\r\n');
    expect(seen).toEqual([
      'GET /x?y=%2F HTTP/1.1',
      `host: ${rig.authority}`,
      'connection: keep-alive',
      'X-B: 1',
      'x-a: 2',
      'X-b: \xe9',
      '',
      '',
    ]);
  });

  it('RFC 9110 §7.6.1: strips fields of the connection both ways', async () => {
    const rig = await start({
      host,
      origin: {
        script: answerEach(
          response(200, 'ok', [
            'Connection: X-Hop',
            'X-Hop: 1',
            'Keep-Alive: timeout=9',
            'X-End: 2',
          ]),
        ),
      },
    });
    const answer = await rig.request(
      request('GET /', ['Connection: x-hop, keep-alive', 'X-Hop: 1', 'TE: trailers', 'X-End: 2']),
    );
    expect(endToEnd(answer)).toEqual(['X-End: 2', 'content-length: 2']);
    expect(rig.origin.requests[0]?.fields.map(([name]) => name)).toEqual([
      'host',
      'connection',
      'X-End',
      'te',
    ]);
  });

  it.each([
    ['with a length', ['Content-Length: 5'], 'hello'],
    ['in chunks', ['Transfer-Encoding: chunked'], '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'],
    ['of no bytes', ['Content-Length: 0'], ''],
  ])('passes content %s', async (_name, fields, content) => {
    const rig = await start({ host });
    const client = await rig.connect();
    for (const target of ['/1', '/2']) {
      const answer = await client.request(request(`POST ${target}`, fields, content));
      expect(answer.text).toBe('ok');
    }
    const bodies = rig.origin.requests.map(({ target, body }) => [target, body.toString()]);
    const body = content === '' ? '' : 'hello';
    expect(bodies).toEqual([
      ['/1', body],
      ['/2', body],
    ]);
  });

  it.each([
    ['HEAD', 200, ['Content-Length: 7', 'X-End: 1'], ['Content-Length: 7', 'X-End: 1']],
    ['GET', 204, ['X-End: 1'], ['X-End: 1']],
    ['GET', 304, ['ETag: "a"', 'Content-Length: 7'], ['ETag: "a"', 'Content-Length: 7']],
  ])('RFC 9110 §6.4.1: %s %i has no content', async (method, status, fields, got) => {
    const head = [`HTTP/1.1 ${status} Fine`, ...fields, '', ''].join('\r\n');
    const rig = await start({ host, origin: { script: answerEach(head) } });
    const client = await rig.connect();
    for (const target of ['/1', '/2']) {
      const answer = await client.request(request(`${method} ${target}`), { method });
      expect([answer.status, answer.body.length]).toEqual([status, 0]);
      expect(endToEnd(answer)).toEqual(got);
    }
  });

  it('RFC 9112 §7.1: passes chunks and trailers on', async () => {
    const rig = await start({
      host,
      origin: { script: answerEach(chunkedResponse(200, ['ab', 'c'], [], ['X-Sum: 1'])) },
    });
    const answer = await rig.request(request('GET /'));
    expect([answer.text, answer.trailers]).toEqual(['abc', [['X-Sum', '1']]]);
  });

  it('streams much both ways', async () => {
    const backend = await startFriendlyOrigin();
    try {
      const rig = await start({ host, options: { backend: backend.url } });
      const upload = Buffer.from(patternBytes(large));
      const client = await rig.connect({ maxRecordedBytes: 1024 });
      client.send(request('POST /upload', [`Content-Length: ${large}`]));
      await client.write(upload);
      const stored = await client.readResponse();
      expect(JSON.parse(stored.text)).toEqual({ length: large, sha256: patternSha256(large) });
      const download = await client.request(request(`GET /bytes/${large}`));
      expect(download.header('content-length')).toBe(String(large));
      expect(download.body.equals(upload)).toBe(true);
      const chunked = await client.request(request(`GET /chunked/${large}`));
      expect(chunked.body.equals(upload)).toBe(true);
      await client.close();
      await rig.whenIdle();
      await rig.handler.close();
    } finally {
      await backend.close();
    }
  });

  it('leaves to the application what no route serves', async () => {
    const rig = await start({ host, options: { path: '/api' } });
    const client = await rig.connect();
    const other = await client.request(request('GET /other'));
    expect([other.status, other.text]).toEqual([404, appNotFound]);
    const ours = await client.request(request('GET /api/1'));
    expect([ours.status, ours.text]).toEqual([200, 'ok']);
    expect(rig.origin.requests.map(({ target }) => target)).toEqual(['/api/1']);
    expect(rig.handler.stats().totalExchanges).toBe(1);
  });

  it('answers refusals and failures of the backend as a server of ours', async () => {
    const rig = await start({
      host,
      options: {
        maxRequestBodySize: 3,
        routes: [{}, { path: '/down', backend: 'http://127.0.0.1:1' }],
      },
    });
    const large = await rig.request(request('POST /', ['Content-Length: 4'], 'abcd'));
    expect([large.status, large.text]).toEqual([413, '413 Content Too Large\n']);
    const down = await rig.request(request('GET /down'));
    expect([down.status, down.text]).toEqual([502, 'Bad Gateway']);
    const method = await rig.request(request('GET /', ['Expect: gold']));
    expect(method.status).toBe(417);
    expect(rig.origin.requestCount).toBe(0);
  });

  it('RFC 9112 §9.3.2: answers pipelined requests in their order', async () => {
    const rig = await start({
      host,
      origin: { script: answerEach(({ target }) => response(200, target)) },
    });
    const client = await rig.connect();
    const targets = Array.from({ length: 30 }, (_, i) => `/${i}`);
    client.send(targets.map((target) => request(`GET ${target}`)).join(''));
    for (const target of targets) expect((await client.readResponse()).text).toBe(target);
  });
});
