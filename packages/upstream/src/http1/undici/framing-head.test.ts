import { expect, test } from 'vitest';
import type { CheckedHead } from '../../exchange/message/response-head.ts';
import { framingHead, switchHead, withHead } from './framing-head.ts';

const head = (framing: Partial<CheckedHead>): string =>
  framingHead({ status: 200, contentLength: null, untilClose: false, ...framing } as CheckedHead);

// RFC 9112 §6.3.
test.each([
  ['no content', { status: 304, contentLength: 0 }, '304 \r\ncontent-length: 0\r\n\r\n'],
  ['a length', { contentLength: 2 ** 40 }, '200 \r\ncontent-length: 1099511627776\r\n\r\n'],
  ['chunks', {}, '200 \r\ntransfer-encoding: chunked\r\n\r\n'],
  ['the end of the connection', { untilClose: true }, '200 \r\n\r\n'],
])('a head that frames by %s', (_, framing, rest) => {
  expect(head(framing)).toBe(`HTTP/1.1 ${rest}`);
});

test('a switch of protocols names the one that was asked for', () => {
  expect(switchHead('websocket')).toBe(
    'HTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  );
});

test.each([
  ['in the place of a longer one', 'the head that came|content', 19],
  ['in the place of one of the same length', 'HEAD|content', 5],
  ['before what follows a shorter one', 'abc|content', 4],
  ['before what follows a head that came in part', '|content', 1],
  ['before nothing', 'the head that came|', 19],
])('stands %s', (_, text, start) => {
  const bytes = Buffer.from(text);
  expect(String(withHead('head|', bytes, start))).toBe(`head|${text.slice(start)}`);
});
