/** Trailers of a request (RFC 9110 §6.5, RFC 9112 §7.1.2). */
import { expect, test } from 'vitest';
import type { BodySource, CollectedBody } from '../src/index.ts';
import { bench, isDirect } from './harness.ts';
import { get } from './recorder.ts';

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** A source that is complete from the start. */
const source = (contentLength: number | null, trailers?: string[]): BodySource => ({
  contentLength,
  start(sink) {
    sink.write(Buffer.from('abc'));
    sink.end(trailers);
  },
  resume() {},
  cancel() {},
});

const collected = (trailers?: string[]): CollectedBody => ({
  contentLength: 3,
  chunks: [Buffer.from('a'), Buffer.from('bc')],
  releaseChunk() {},
  ...(trailers === undefined ? {} : { trailers }),
});

const head = (...lines: string[]): string =>
  ['POST / HTTP/1.1', 'host: backend.test', 'connection: keep-alive', ...lines, '', ''].join(
    '\r\n',
  );
const trailers = ['X-Sum', '1', 'x-two', '\xe9'];
const chunkedHead = head('transfer-encoding: chunked');

test.each<[string, BodySource | CollectedBody, string | null, string, string]>([
  [
    'of a source',
    source(null, trailers),
    null,
    `${chunkedHead}3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-two: \xe9\r\n\r\n`,
    `${chunkedHead}3\r\nabc\r\n0\r\n\r\n`,
  ],
  [
    'of a source, announced',
    source(null, trailers),
    'X-Sum',
    `${head('transfer-encoding: chunked', 'trailer: X-Sum')}3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-two: \xe9\r\n\r\n`,
    `${chunkedHead}3\r\nabc\r\n0\r\n\r\n`,
  ],
  [
    'of a source with a length: left out',
    source(3, trailers),
    'X-Sum',
    `${head('content-length: 3')}abc`,
    `${head('content-length: 3')}abc`,
  ],
  [
    'of content that is complete',
    collected(trailers),
    'X-Sum',
    `${head('transfer-encoding: chunked', 'trailer: X-Sum')}1\r\na\r\n2\r\nbc\r\n0\r\nX-Sum: 1\r\nx-two: \xe9\r\n\r\n`,
    `${head('content-length: 3')}abc`,
  ],
  [
    'of content that is complete, none',
    collected([]),
    'X-Sum',
    `${head('content-length: 3')}abc`,
    `${head('content-length: 3')}abc`,
  ],
])('trailers %s', async (_, body, trailer, direct, undici) => {
  const it = await bench();
  const wanted = isDirect ? direct : undici;
  const fields = [
    'Host',
    'backend.test',
    ...(body.contentLength === null ? [] : ['content-length', '3']),
  ];
  const sent = it.send(get('/', { method: 'POST', fields, body, trailer }));
  const connection = await it.origin.connection();
  await connection.until(() => connection.received.length >= wanted.length);
  expect(connection.received).toBe(wanted);
  connection.write(answer);
  expect((await sent.done).events).toEqual(['head 200', 'end']);
  await it.settle({ open: 1, idle: 1 });
});

test.each([
  ['a line end', ['x', 'a\r\nGET / HTTP/1.1']],
  ['a name that is no token', ['x y', 'a']],
  ['a character beyond latin1', ['x', '\u0100']],
])('a malformed trailer of ours is refused: %s', async (_, bad) => {
  const it = await bench();
  const sent = await it.send(get('/', { method: 'POST', body: source(null, bad) })).done;
  expect(sent.error?.code).toBe('RIT_ERR_INTERNAL');
  await it.settle({ open: 0 });
});

test.runIf(isDirect)('a malformed announcement is refused', async () => {
  const it = await bench();
  const request = get('/', { method: 'POST', body: source(null), trailer: 'a\r\nb: c' });
  expect((await it.send(request).done).error?.code).toBe('RIT_ERR_INTERNAL');
});

test('TE is named by Connection (RFC 9110 §10.1.4), where the transport lets us', async () => {
  const it = await bench((connection) => connection.write(answer));
  await it.send(get('/', { fields: ['Host', 'a', 'te', 'trailers'] })).done;
  const connection = isDirect ? 'keep-alive, te' : 'keep-alive';
  expect(it.origin.connections[0]?.received).toBe(
    `GET / HTTP/1.1\r\nhost: a\r\nconnection: ${connection}\r\nte: trailers\r\n\r\n`,
  );
});
