import { isReverseItError } from '@reverseit/core/errors';
import { HeaderSection } from '@reverseit/core/http';
import { expect, test } from 'vitest';
import { type CheckedHead, readHead } from './response-head.ts';

const maxBodySize = 100;

interface Message {
  status?: number;
  reason?: string;
  isHead?: boolean;
  isHttp10?: boolean;
}

function read(fields: string[], message: Message = {}): string | CheckedHead {
  const { status = 200, reason = 'OK', isHead = false, isHttp10 = false } = message;
  const head = readHead(
    status,
    reason,
    HeaderSection.parsed(fields),
    isHead,
    isHttp10 ? '1.0' : '1.1',
    maxBodySize,
  );
  return isReverseItError(head) ? head.code.replace('RIT_ERR_UPSTREAM_', '') : head;
}

const cl = (value: string) => ['Content-Length', value];
const te = (value: string) => ['Transfer-Encoding', value];
const length = (contentLength: number | null, persistent = true, untilClose = false) => ({
  contentLength,
  persistent,
  untilClose,
});

test.each<[string, string[], Message, object]>([
  ['a content-length (RFC 9112 §6.2)', cl('5'), {}, length(5)],
  ['the largest accepted body', cl('100'), {}, length(100)],
  ['chunked (RFC 9112 §7.1)', te('chunked'), {}, length(null)],
  ['chunked in capitals', te('CHUNKED'), {}, length(null)],
  ['neither (RFC 9112 §6.3 rule 8)', [], {}, length(null, false, true)],
  ['HEAD with an over-long content-length', cl('1000'), { isHead: true }, length(0)],
  ['HEAD with neither', [], { isHead: true }, length(0)],
  ['204', [], { status: 204 }, length(0)],
  ['204 with content-length', cl('5'), { status: 204 }, length(0, false)],
  ['204 with content-length 0', cl('0'), { status: 204 }, length(0)],
  ['204 chunked', te('chunked'), { status: 204 }, length(0, false)],
  ['304', [], { status: 304 }, length(0)],
  ['304 with content-length (RFC 9110 §8.6)', cl('5'), { status: 304 }, length(0)],
  ['304 chunked (RFC 9112 §6.1)', te('chunked'), { status: 304 }, length(0)],
  ['304 and close', [...cl('5'), 'connection', 'close'], { status: 304 }, length(0, false)],
  ['204 to HEAD', cl('5'), { status: 204, isHead: true }, length(0)],
  ['close (RFC 9112 §9.3)', [...cl('5'), 'connection', 'CLOSE'], {}, length(5, false)],
  ['close in a list', [...cl('5'), 'connection', 'a, close ,b'], {}, length(5, false)],
  [
    'close in a second field',
    [...cl('5'), 'Connection', 'a', 'Connection', 'close'],
    {},
    length(5, false),
  ],
  ['close and keep-alive', [...cl('5'), 'Connection', 'keep-alive, close'], {}, length(5, false)],
  ['unreadable connection', [...cl('5'), 'Connection', 'a b'], {}, length(5, false)],
  ['HTTP/1.0', cl('5'), { isHttp10: true }, length(5, false)],
  ['HTTP/1.0 keep-alive', [...cl('5'), 'Connection', 'Keep-Alive'], { isHttp10: true }, length(5)],
])('accepted: %s', (_, fields, message, expected) => {
  expect(read(fields, message)).toMatchObject(expected);
});

test.each<[string, string[], Message, string]>([
  ['one over the body limit', cl('101'), {}, 'BODY_TOO_LARGE'],
  ['repeated content-length', [...cl('5'), ...cl('5')], {}, 'PROTOCOL'],
  ['content-length, malformed first', [...cl('x'), ...cl('5')], {}, 'PROTOCOL'],
  ['empty content-length', cl(''), {}, 'PROTOCOL'],
  ['signed content-length', cl('+5'), {}, 'PROTOCOL'],
  ['a list of content-lengths', cl('5, 5'), {}, 'PROTOCOL'],
  ['content-length beyond what a number holds', cl('9007199254740992'), {}, 'PROTOCOL'],
  ['both, in either order', [...cl('5'), ...te('chunked')], {}, 'PROTOCOL'],
  ['both, in either order', [...te('chunked'), ...cl('5')], {}, 'PROTOCOL'],
  ['both to HEAD', [...te('chunked'), ...cl('5')], { isHead: true }, 'PROTOCOL'],
  ['gzip', te('gzip'), {}, 'PROTOCOL'],
  ['gzip, chunked', te('gzip, chunked'), {}, 'PROTOCOL'],
  ['chunked twice', [...te('chunked'), ...te('chunked')], {}, 'PROTOCOL'],
  ['another coding, then chunked', [...te('gzip'), ...te('chunked')], {}, 'PROTOCOL'],
  ['an empty coding', te(''), {}, 'PROTOCOL'],
  ['chunked with a parameter', te('chunked;a=b'), {}, 'PROTOCOL'],
  ['a coding in HTTP/1.0', te('chunked'), { isHttp10: true }, 'PROTOCOL'],
  [
    'a coding in 204 with content-length',
    [...te('chunked'), ...cl('0')],
    { status: 204 },
    'PROTOCOL',
  ],
])('refused: %s', (_, fields, message, code) => {
  expect(read(fields, message)).toBe(code);
});

test.each([
  ['timeout=5', 5],
  ['TIMEOUT=5, max=100', 5],
  ['max=100,timeout=5', 5],
  ['timeout=9, timeout=5', 5],
  ['timeout=-5', -1],
  ['timeout=', -1],
  ['xtimeout=5', -1],
  ['', -1],
])('Keep-Alive: %s', (value, idleHint) => {
  expect(read([...cl('0'), 'Keep-Alive', value])).toMatchObject({ idleHint, persistent: true });
});

test('Keep-Alive: timeout=0 is the end of the connection', () => {
  expect(read([...cl('0'), 'Keep-Alive', 'timeout=0'])).toMatchObject({ persistent: false });
});

test.each([
  ['OK', 'OK'],
  ['', ''],
  ['Not \x01', ''],
  ['\u{fffd}', ''],
  ['a\r\nb: c', ''],
])('reason %j', (reason, expected) => {
  expect(read(cl('0'), { reason })).toMatchObject({ reason: expected });
});
