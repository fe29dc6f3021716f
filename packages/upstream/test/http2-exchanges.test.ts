import { HeaderSection } from '@reverseit/core/http';
import { expect, test } from 'vitest';
import type { BodySource, CollectedBody } from '../src/index.ts';
import { turns } from './harness.ts';
import { DATA, END_STREAM, frameBench, http2Bench } from './http2-rig.ts';
import { get } from './recorder.ts';

test('fields may be a section (RFC 9113 §8.3)', async () => {
  const seen: unknown[] = [];
  const it = await http2Bench((stream, headers) => {
    seen.push(headers.a, headers[':authority']);
    stream.respond({ ':status': 200 });
    stream.end();
  });
  const fields = HeaderSection.parsed(['A', 'b', 'Host', 'h'], 'A: b\r\nHost: h\r\n');
  expect((await it.send(get('/', { fields })).done).events).toEqual(['head 200', 'end']);
  expect(seen).toEqual(['b', 'h']);
});

test.each([
  ['TLS', true],
  ['h2c', false],
])('a request over %s (RFC 9113 §8.1)', async (_, tls) => {
  const seen: unknown[] = [];
  const it = await http2Bench(
    (stream, headers) => {
      seen.push(Object.fromEntries(Object.entries(headers)));
      stream.respond({ ':status': 200, 'x-answer': 'a', 'content-type': 'text/plain' });
      stream.end('ok');
    },
    { tls },
  );
  const request = get('/a?b', { fields: ['Host', 'backend.test', 'X-One', '1', 'te', 'trailers'] });
  const sent = await it.send(request).done;
  expect(sent.events).toEqual(['head 200', 'data', 'end']);
  expect(sent.body).toBe('ok');
  expect(sent.head?.fields).toEqual(expect.arrayContaining(['x-answer', 'a']));
  expect(seen).toEqual([
    {
      ':method': 'GET',
      ':path': '/a?b',
      ':scheme': tls ? 'https' : 'http',
      ':authority': 'backend.test',
      'x-one': '1',
      te: 'trailers',
    },
  ]);
  await it.settle({ open: 1, idle: 1, active: 0 });
});

test('streams are apart: no request logs the connection in (RFC 9113 §5, RFC 4559)', async () => {
  const it = await http2Bench((stream) => {
    stream.respond({ ':status': 401, 'www-authenticate': 'NTLM' });
    stream.end('no');
  });
  for (const fields of [
    ['Host', 'a', 'Authorization', 'NTLM x'],
    ['Host', 'a'],
  ]) {
    const sent = await it.send(get('/', { fields })).done;
    expect([sent.head?.status, sent.body]).toEqual([401, 'no']);
    expect(sent.head?.fields).toEqual(expect.arrayContaining(['www-authenticate', 'NTLM']));
  }
  await it.settle({ open: 1, idle: 1 });
  expect(it.backend.connections).toBe(1);
});

const source = (contentLength: number | null, trailers?: string[]): BodySource => ({
  contentLength,
  start(sink) {
    sink.write(Buffer.from('abc'));
    sink.end(trailers);
  },
  resume() {},
  cancel() {},
});
const collected = (trailers: string[]): CollectedBody => ({
  contentLength: 3,
  chunks: [Buffer.from('abc')],
  trailers,
  releaseChunk() {},
});
const trailers = ['X-Sum', '1', 'x-two', 'a', 'X-Two', 'b', 'Connection', 'x', 'te', 'x'];
const passed = { 'x-sum': '1', 'x-two': 'a, b' };

// RFC 9113 §8.1: a request may end with a trailer section.
test.each<[string, BodySource | CollectedBody, object | null, string | undefined]>([
  ['of a source', source(null, trailers), passed, undefined],
  ['of a source, none', source(null), null, undefined],
  ['of a source with a length', source(3, trailers), passed, '3'],
  ['of content that is complete', collected(trailers), passed, '3'],
  ['of content that is complete, none', collected([]), null, '3'],
])('trailers %s', async (_, body, wanted, length) => {
  const seen: object[] = [];
  let content = '';
  let told: unknown[] = [];
  const it = await http2Bench((stream, headers) => {
    told = [headers.trailer, headers['content-length']];
    stream.on('trailers', (fields) => seen.push(Object.fromEntries(Object.entries(fields))));
    stream.on('data', (chunk: Buffer) => {
      content += chunk.toString();
    });
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
  });
  const fields = ['Host', 'a', ...(length === undefined ? [] : ['Content-Length', length])];
  const request = get('/', { method: 'POST', fields, body, trailer: 'X-Sum' });
  expect((await it.send(request).done).body).toBe('ok');
  expect([content, seen]).toEqual(['abc', wanted === null ? [] : [wanted]]);
  expect(told).toEqual(['chunks' in body && wanted === null ? undefined : 'X-Sum', length]);
  await it.settle({ open: 1, idle: 1, active: 0 });
});

test('a request that is given up before its trailers were sent never ends without them', async () => {
  for (const later of [0, 1, 2, 5]) {
    const it = await frameBench({});
    const sent = it.send(get('/', { method: 'POST', body: source(null, ['x', 'y']) }));
    await it.until(() => it.backend.peers[0] !== undefined);
    await turns(later);
    sent.abort();
    await it.settle({ active: 0 });
    await turns(10);
    const frames = it.backend.peers[0]!.frames.filter(({ id }) => id === 1);
    const isEnd = (type: number, flags: number) => type === DATA && (flags & END_STREAM) !== 0;
    expect(frames.some(({ type, flags }) => isEnd(type, flags))).toBe(false);
  }
});
