import { isReverseItError } from '@reverseit/core/errors';
import { fieldLines, HeaderSection } from '@reverseit/core/http';
import { expect, test } from 'vitest';
import { sectionOf } from './request-check.ts';
import { CONNECTION, requestHead, upgradeLines } from './request-head.ts';
import type { UpstreamRequest } from './upstream-request.ts';

function head(more: Partial<UpstreamRequest>): string {
  const request = { method: 'GET', target: '/', fields: ['Host', 'a'], body: null, ...more };
  const fields = sectionOf(request);
  if (isReverseItError(fields)) return fields.code;
  const text = requestHead(request, fields, CONNECTION.KEEP_ALIVE);
  return isReverseItError(text) ? text.code : text;
}

const source = (contentLength: number | null) => ({
  contentLength,
  start() {},
  resume() {},
  cancel() {},
});

test.each([
  [CONNECTION.KEEP_ALIVE, 'connection: keep-alive\r\n'],
  [CONNECTION.CLOSE, 'connection: close\r\n'],
  [upgradeLines('websocket'), 'connection: upgrade\r\nupgrade: websocket\r\n'],
  [upgradeLines('tcp, SPDY/3.1'), 'connection: upgrade\r\nupgrade: tcp, SPDY/3.1\r\n'],
])('connection lines: %j', (connection, lines) => {
  const request = { method: 'GET', target: '/x', fields: ['A', 'b', 'Host', 'h'], body: null };
  expect(requestHead(request, HeaderSection.from(request.fields), connection)).toBe(
    `GET /x HTTP/1.1\r\nhost: h\r\n${lines}A: b\r\n\r\n`,
  );
});

test('the text of a section goes out as it is, but for Host and what frames the body', () => {
  const text = 'A: b\r\nHost: h\r\nContent-Length: 3\r\nC: \xff\r\n';
  const fields = HeaderSection.parsed(
    ['A', 'b', 'Host', 'h', 'Content-Length', '3', 'C', '\xff'],
    text,
  );
  expect(head({ method: 'POST', fields, body: Buffer.alloc(3) })).toBe(
    'POST / HTTP/1.1\r\nhost: h\r\nconnection: keep-alive\r\nA: b\r\nC: \xff\r\ncontent-length: 3\r\n\r\n',
  );
  expect(head({ fields: HeaderSection.parsed(['host', 'h'], 'host: h\r\n') })).toBe(
    'GET / HTTP/1.1\r\nhost: h\r\nconnection: keep-alive\r\n\r\n',
  );
});

test.each([
  ['a second Host', ['host', 'h', 'A', 'b', 'host', 'h']],
  ['no Host', ['A', 'b']],
  ['a field of the connection', ['host', 'h', 'Transfer-Encoding', 'chunked']],
])('a section is refused like a list: %s', (_, fields) => {
  expect(head({ fields })).toBe('RIT_ERR_INTERNAL');
  const text = fieldLines(fields);
  expect(head({ fields: HeaderSection.parsed(fields, text) })).toBe('RIT_ERR_INTERNAL');
});

// RFC 9112 §6, RFC 9110 §8.6.
test.each([
  ['GET', null, ''],
  ['GET', Buffer.alloc(0), ''],
  ['GET', source(0), ''],
  ['GET', Buffer.alloc(3), 'content-length: 3\r\n'],
  ['DELETE', source(3), 'content-length: 3\r\n'],
  ['DELETE', source(null), 'transfer-encoding: chunked\r\n'],
  ['POST', null, 'content-length: 0\r\n'],
  ['PUT', null, 'content-length: 0\r\n'],
  ['PATCH', Buffer.alloc(0), 'content-length: 0\r\n'],
  ['POST', source(0), 'content-length: 0\r\n'],
  ['POST', source(null), 'transfer-encoding: chunked\r\n'],
] as const)('framing of %s with %o is %j', (method, body, framing) => {
  expect(head({ method, body })).toBe(
    `${method} / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n${framing}\r\n`,
  );
});

test('a content-length that differs from the body has no effect', () => {
  const fields = ['Host', 'a', 'Content-Length', '50'];
  expect(head({ fields })).not.toContain('50');
  expect(head({ fields, body: Buffer.alloc(3) })).toContain('content-length: 3\r\n\r\n');
});

test.each<[string, Partial<UpstreamRequest>]>([
  ['no Host', { fields: [] }],
  ['a second Host', { fields: ['Host', 'a', 'HOST', 'a'] }],
  ['CR LF in a value', { fields: ['Host', 'a', 'b', 'c\r\nd: e'] }],
  ['CR in a value', { fields: ['Host', 'a', 'b', 'c\rd'] }],
  ['LF in a value', { fields: ['Host', 'a', 'b', 'c\nd'] }],
  ['CR and LF in two values', { fields: ['Host', 'a', 'b', '\r', 'c', '\n'] }],
  ['NUL in a value', { fields: ['Host', 'a', 'b', '\0'] }],
  ['CR LF in Host', { fields: ['Host', 'a\r\nb: c'] }],
  ['a value that latin1 would cut to CR LF', { fields: ['Host', 'a', 'b', 'c\u010d\u010ad: e'] }],
  ['an empty name', { fields: ['Host', 'a', '', 'b'] }],
  ['a name with a colon', { fields: ['Host', 'a', 'transfer-encoding: chunked;', 'b'] }],
  ['a name with a blank', { fields: ['Host', 'a', 'content-length ', '5'] }],
  ['a name with a line end', { fields: ['Host', 'a', 'b\r\nc', 'd'] }],
  ['Connection', { fields: ['Host', 'a', 'Connection', 'x'] }],
  ['Keep-Alive', { fields: ['Host', 'a', 'Keep-Alive', 'x'] }],
  ['Transfer-Encoding', { fields: ['Host', 'a', 'Transfer-Encoding', 'chunked'] }],
  ['Upgrade', { fields: ['Host', 'a', 'Upgrade', 'h2c'] }],
  ['Expect', { fields: ['Host', 'a', 'Expect', '100-continue'] }],
  ['an empty method', { method: '' }],
  ['a method with a blank', { method: 'GET /x HTTP/1.1' }],
  ['an empty target', { target: '' }],
  ['a target that is no path', { target: 'http://a/' }],
  ['a target with a blank', { target: '/ HTTP/1.1' }],
  ['a target with a line end', { target: '/\r\nx' }],
  ['a target beyond latin1', { target: '/\u010d' }],
])('refused: %s', (_, more) => {
  expect(head(more)).toBe('RIT_ERR_INTERNAL');
});
