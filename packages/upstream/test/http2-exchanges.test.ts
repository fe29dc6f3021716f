import { expect, test } from 'vitest';
import { http2Bench } from './http2-rig.ts';
import { get } from './recorder.ts';

test('fields that are written already are not taken where HTTP/2 may be spoken', async () => {
  const made = await http2Bench((stream) => stream.respond({ ':status': 200 }));
  expect(made.to.takesLines).toBe(false);
  const fields = { host: 'backend.test', lines: 'A: b\r\n', added: [] };
  const sent = await made.send(get('/', { fields })).done;
  expect(sent.error?.code).toBe('RIT_ERR_INTERNAL');
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
