import { describe, expect, it } from 'vitest';
import { deferred } from './guard.ts';
import { connectRaw } from './raw-client.ts';
import {
  answerEach,
  chunkedResponse,
  end,
  expectEndOfHead,
  expectRequest,
  repeat,
  reset,
  response,
  script,
  send,
  waitFor,
} from './script-steps.ts';
import { type ScriptedOriginOptions, startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();

const get = (target = '/'): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

async function pair(options: ScriptedOriginOptions, guardMs = 5000) {
  const origin = use(await startScriptedOrigin(options));
  const client = use(await connectRaw({ port: origin.port, guardMs }));
  return { origin, client };
}

describe('scripted origin and raw client', () => {
  it('record exact bytes both ways', async () => {
    const { origin, client } = await pair({
      script: answerEach(response(200, 'hi', ['X-A: \xe9'])),
    });
    const answer = await client.request(get('/one'));
    expect(answer).toMatchObject({ status: 200, version: '1.1', framing: 'length' });
    expect(answer.header('x-a')).toBe('\xe9');
    expect(answer.text).toBe('hi');
    expect((await origin.connection()).received.toString('latin1')).toBe(get('/one'));
    expect(client.received).toEqual(response(200, 'hi', ['X-A: \xe9']));
  });

  it('answer a pipeline in order', async () => {
    const { origin, client } = await pair({
      script: answerEach((request, nth) => response(200, `${request.target} ${nth}`)),
    });
    client.send(get('/a') + get('/b') + get('/c'));
    for (const text of ['/a 0', '/b 1', '/c 2']) {
      expect((await client.readResponse()).text).toBe(text);
    }
    expect(origin.requestCount).toBe(3);
    client.end();
    await client.expectFin();
    await origin.whenIdle();
  });

  it('write in pieces that arrive alone', async () => {
    const pieces: number[] = [];
    const { origin, client } = await pair({
      script: (connection) => {
        connection.socket.on('data', (piece: Buffer) => pieces.push(piece.length));
      },
    });
    const connection = await origin.connection();
    await client.writeByBytes(get());
    await connection.reader.whenReceived(get().length);
    expect(pieces.length).toBeGreaterThan(get().length / 2);
    expect(connection.received.toString('latin1')).toBe(get());
  });

  it('read chunked bodies with trailers, interim responses and HEAD', async () => {
    const { client } = await pair({
      script: script(
        expectRequest(),
        send('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
        send(chunkedResponse(200, ['ab', 'cde'], [], ['x-t: 1']), { pieceBytes: 3 }),
        expectRequest(),
        send('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n'),
      ),
    });
    const first = await client.request(get());
    expect(first.interim.map((head) => head.status)).toEqual([103]);
    expect(first).toMatchObject({ text: 'abcde', chunks: [2, 3], trailers: [['x-t', '1']] });
    const second = await client.request('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', { method: 'HEAD' });
    expect(second).toMatchObject({ bodyLength: 0, framing: 'none' });
  });

  it('wait for the test, repeat steps, and tell FIN from reset', async () => {
    const go = deferred();
    const { origin, client } = await pair({
      scripts: [
        script(repeat(2, expectEndOfHead(), send(response(204).subarray(0, -21))), end()),
        script(expectEndOfHead(), waitFor(go.promise), reset()),
      ],
    });
    client.send(get() + get());
    expect(await client.readUntilEnd()).toHaveLength(2 * (response(204).length - 21));
    await client.expectFin();
    const second = use(await connectRaw({ port: origin.port }));
    second.send(get());
    go.resolve();
    await second.expectReset();
  });

  it('say what never came', async () => {
    const { origin, client } = await pair({ script: expectRequest(), guardMs: 500 }, 50);
    client.send('GET / HT');
    await expect(client.readResponse()).rejects.toThrow('waited 50 ms for client: "\\n"');
    const connection = await origin.connection();
    await expect(connection.done).rejects.toThrow(/waited 500 ms.*GET \/ HT/);
    expect(() => origin.assertScripts()).toThrow('GET / HT');
  });

  it.each([
    [
      'RFC 9112 §6.1 both framing fields',
      'GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['RFC 9112 §2.2 bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['RFC 9112 §3 two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['RFC 9112 §5.2 obs-fold', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n'],
    [
      'RFC 9112 §7.1 no CRLF after a chunk',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX\r\n0\r\n\r\n',
    ],
  ])('refuse as an origin: %s', async (_, bytes) => {
    const { origin, client } = await pair({ script: answerEach(response(200)) });
    client.send(bytes);
    await client.expectClosed();
    expect(origin.failures).toHaveLength(1);
    expect(origin.requestCount).toBe(0);
  });

  it.each([
    ['RFC 9112 §4 status line', 'HTTP/1.1 20 OK\r\n\r\n'],
    [
      'RFC 9112 §6.3 repeated length',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na',
    ],
    ['RFC 9110 §8.6 length in a 204', 'HTTP/1.1 204 OK\r\ncontent-length: 0\r\n\r\n'],
    [
      'RFC 9112 §7.1 chunk size',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n',
    ],
  ])('refuse as a client: %s', async (_, bytes) => {
    const { client } = await pair({ script: send(bytes) });
    await expect(client.readResponse()).rejects.toMatchObject({ name: 'MessageError' });
  });

  it('hold back when nobody reads', async () => {
    const { origin, client } = await pair({
      script: (connection) => connection.pauseReading(),
    });
    const connection = await origin.connection();
    await connection.done;
    const written = client.write(Buffer.alloc(32 * 1024 * 1024));
    await client.write(Buffer.alloc(0)).catch(() => {});
    expect(connection.bytesReceived).toBe(0);
    connection.resumeReading();
    expect(await connection.reader.take(1024)).toHaveLength(1024);
    client.reset();
    expect(await written).toBe(false);
  });
});
