/** The proxy as middleware: a response that comes before its request has ended. */
import http from 'node:http';
import {
  answerEach,
  end,
  expectEndOfHead,
  patternBytes,
  response,
  type ScriptedOriginOptions,
  script,
  send,
  turn,
  waitForPeerGone,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import { hosts, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();
const mebibyte = 1024 * 1024;
const streamed = { requestBodyBufferSize: 0 };

describe('a response that comes before the end of its request', () => {
  it('RFC 9112 §9.6: a refusal can be read by a client that goes on sending', async () => {
    const rig = await start({ options: { ...streamed, maxRequestBodySize: 100 } });
    const client = await rig.connect();
    client.send(request('POST /', [`Content-Length: ${4 * mebibyte}`]));
    await client.write(patternBytes(4 * mebibyte));
    const answer = await client.readResponse();
    expect([answer.status, answer.header('connection')]).toEqual([413, 'close']);
    await client.expectFin();
    expect(rig.origin.connectionCount).toBe(0);
  });

  const early: [about: string, head: string, body: string][] = [
    ['with a length', 'content-length: 5', 'early'],
    ['in chunks', 'transfer-encoding: chunked', '5\r\nearly\r\n0\r\n\r\n'],
    ['until close', 'connection: close', 'early'],
  ];
  const rejecting = (head: string, body: string): ScriptedOriginOptions => ({
    script: script(
      expectEndOfHead(),
      send(`HTTP/1.1 413 Too Much\r\n${head}\r\n\r\n${body}`),
      end(),
      waitForPeerGone(),
    ),
  });

  describe.each(['node:http', 'node:https', 'Express 5', 'Fastify, by a hook'] as const)(
    '%s',
    (name) => {
      it.each(early)(
        'RFC 9112 §9.6: %s, from a backend, can be read by a client that sends all first',
        async (_about, head, body) => {
          const rig = await start({
            host: hosts[name],
            options: streamed,
            origin: rejecting(head, body),
          });
          const client = await rig.connect();
          client.pauseReading();
          client.send(request('POST /', [`Content-Length: ${20 * mebibyte}`]));
          expect(await client.write(patternBytes(20 * mebibyte))).toBe(true);
          client.resumeReading();
          const answer = await client.readResponse();
          expect([answer.status, answer.text]).toEqual([413, 'early']);
          expect(answer.header('connection')).toBe('close');
          await client.expectFin();
        },
      );
    },
  );

  it.each(early)(
    'RFC 9112 §9.6: no request is served after one that ends the connection, %s',
    async (_about, head, body) => {
      const served: string[] = [];
      const rig = await start({
        options: streamed,
        host: (handler) =>
          http.createServer((incoming, answer) => {
            served.push(incoming.url ?? '');
            handler(incoming, answer);
          }),
        origin: rejecting(head, body),
      });
      const client = await rig.connect();
      client.send(request('POST /1', ['Content-Length: 10'], '12345'));
      expect((await client.readResponse()).status).toBe(413);
      client.send(`67890${request('GET /2')}`);
      await client.expectFin();
      expect(served).toEqual(['/1']);
    },
  );

  it('RFC 9112 §9.6: ends, whatever comes, five seconds after the response', async () => {
    const rig = await start({
      options: streamed,
      origin: rejecting('transfer-encoding: chunked', '5\r\nearly\r\n0\r\n\r\n'),
    });
    const client = await rig.connect();
    client.send(request('POST /', ['Transfer-Encoding: chunked'], '5\r\n12345\r\n'));
    expect((await client.readResponse()).text).toBe('early');
    let gone = false;
    client.socket.on('close', () => {
      gone = true;
    });
    const from = performance.now();
    while (!gone && (await client.write('1\r\na\r\n'))) await turn();
    await client.close();
    expect(performance.now() - from).toBeGreaterThan(4000);
  });

  it('RFC 9112 §9.3: keeps the connection where the rest of the request comes', async () => {
    const rig = await start({
      options: streamed,
      origin: {
        scripts: [
          script(expectEndOfHead(), send(response(200, 'early')), end(), waitForPeerGone()),
          answerEach(response(200, 'second')),
        ],
      },
    });
    const client = await rig.connect();
    client.send(request('POST /1', ['Content-Length: 10'], '12345'));
    expect((await client.readResponse()).text).toBe('early');
    client.send(`67890${request('GET /2')}`);
    expect((await client.readResponse()).text).toBe('second');
  });

  it('ends the connection where the rest of the request never comes', async () => {
    const rig = await start({
      options: streamed,
      origin: {
        script: script(
          expectEndOfHead(),
          send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nearly\r\n0\r\n\r\n'),
          end(),
          waitForPeerGone(),
        ),
      },
    });
    const client = await rig.connect();
    client.send(request('POST /', ['Content-Length: 10'], '12345'));
    expect((await client.readResponse()).text).toBe('early');
    // After five seconds, in which it might have come.
    await client.expectReset();
  });

  it('forgets a client that leaves instead of sending the rest', async () => {
    const rig = await start({
      options: streamed,
      origin: {
        script: script(
          expectEndOfHead(),
          send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nearly\r\n0\r\n\r\n'),
          end(),
          waitForPeerGone(),
        ),
      },
    });
    const client = await rig.connect();
    client.send(request('POST /', ['Content-Length: 10'], '12345'));
    expect((await client.readResponse()).text).toBe('early');
    client.reset();
    const from = performance.now();
    await rig.whenIdle();
    // Well before the rest of the request would have been waited for.
    expect(performance.now() - from).toBeLessThan(4000);
  });
});
