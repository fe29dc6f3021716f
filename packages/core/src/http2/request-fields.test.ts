import { expect, test } from 'vitest';
import { RequestHead } from '../http1/grammar/request-head.ts';
import { FieldGatherer, malformed } from './request-fields.ts';

// Refusals are in `server/http2/rfc9113.test.ts`, by the sections of RFC 9113.

const limits = {
  maxRequestTargetBytes: 100,
  maxRequestHeaderLineBytes: 100,
  maxRequestHeaderBytes: 200,
  maxRequestHeaders: 10,
};
const get = [':method', 'GET', ':scheme', 'https', ':path', '/a?b', ':authority', 'host:1'];

function gather(fields: readonly string[], isTrailer = false): FieldGatherer {
  const gatherer = new FieldGatherer(limits);
  gatherer.begin(isTrailer);
  for (let i = 0; i < fields.length; i += 2) {
    gatherer.onField(fields[i] as string, fields[i + 1] as string, true);
  }
  return gatherer;
}

function headOf(fields: readonly string[], endStream = true): RequestHead {
  const head = gather(fields).head(endStream);
  if (!(head instanceof RequestHead)) throw new Error(String(head));
  return head;
}

test('the fields as HTTP/1.1 would have them: Host first, crumbs of cookies as one (RFC 9113 §8.2.3)', () => {
  const head = headOf([...get, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2', 'te', 'trailers']);
  expect(head).toMatchObject({ method: 'GET', target: '/a?b', authority: 'host:1' });
  expect(head).toMatchObject({ httpVersion: '2.0', minorVersion: 1, persistent: true });
  expect(head.fields).toEqual(['host', 'host:1', 'x', 'y', 'te', 'trailers', 'cookie', 'a=1; b=2']);
});

test.each([
  ['no content', [], true, 'none', 0, false],
  ['content of unknown length', [], false, 'chunked', -1, false],
  ['content of a known length', ['content-length', '5'], false, 'length', 5, false],
  ['no content, said twice', ['content-length', '0'], true, 'length', 0, false],
  ['an expectation', ['expect', '100-continue'], false, 'chunked', -1, true],
  [
    'an expectation with a length',
    ['expect', '100-continue', 'content-length', '5'],
    false,
    'length',
    5,
    true,
  ],
  ['an expectation without content', ['expect', '100-continue'], true, 'none', 0, false],
])('%s', (_, fields, endStream, framing, contentLength, expectContinue) => {
  expect(headOf([...get, ...fields], endStream)).toMatchObject({
    framing,
    contentLength,
    expectContinue,
  });
});

test('extended CONNECT is the handshake of HTTP/1.1 that says the same (RFC 8441 §5)', () => {
  const connect = [':method', 'CONNECT', ':protocol', 'websocket', ...get.slice(2)];
  const head = headOf([...connect, 'sec-websocket-version', '13'], false);
  expect(head).toMatchObject({ method: 'GET', upgrade: true, isExtendedConnect: true });
  expect(head.fields.slice(-6, -2)).toEqual(['connection', 'Upgrade', 'upgrade', 'websocket']);
  expect(gather(connect).head(true)).toBe(malformed);
  expect(gather([...connect, 'content-length', '1']).head(false)).toBe(malformed);
});

test.each([
  ['another spelling (RFC 9110 §7.8)', 'WebSocket', []],
  ['keys of its own (RFC 8441 §5)', 'websocket', Array(2).fill(['sec-websocket-key', 'x']).flat()],
])('extended CONNECT with %s is a handshake with one key', (_, protocol, more) => {
  const head = headOf(
    [':method', 'CONNECT', ':protocol', protocol, ...get.slice(2), ...more],
    false,
  );
  expect(head.headers.getAll('sec-websocket-key')).toEqual(['AAAAAAAAAAAAAAAAAAAAAA==']);
});

test.each([
  ['a target', [...get.slice(0, 4), ':path', `/${'a'.repeat(100)}`], 'RIT_ERR_TARGET_TOO_LONG'],
  ['a line', [...get, 'x', 'a'.repeat(100)], 'RIT_ERR_HEAD_TOO_LARGE'],
  ['all lines', [...get, 'x', 'a'.repeat(94), 'y', 'a'.repeat(94)], 'RIT_ERR_HEAD_TOO_LARGE'],
  [
    'crumbs',
    [...get, 'cookie', 'a'.repeat(60), 'cookie', 'a'.repeat(60)],
    'RIT_ERR_HEAD_TOO_LARGE',
  ],
  ['the number of lines', [...get, ...Array(20).fill('x')], 'RIT_ERR_TOO_MANY_FIELDS'],
])('%s beyond its limit', (_, fields, code) => {
  expect(gather(fields).head(true)).toBe(code);
});

test('trailers', () => {
  expect(gather(['a', 'b', 'a', 'c'], true).trailers()).toEqual(['a', 'b', 'a', 'c']);
  expect(gather([':path', '/'], true).trailers()).toBe(malformed);
  expect(gather(['connection', 'x'], true).trailers()).toBe(malformed);
  expect(gather(['x', 'a'.repeat(100)], true).trailers()).toBe('RIT_ERR_TRAILERS_TOO_LARGE');
});
