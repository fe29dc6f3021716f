/** Heads that are made to be costly: no cost may grow faster than the head. */
import { costGrowth } from '@reverseit/test-servers/cost-growth';
import { expect, it } from 'vitest';
import { isAuthority, readTokenList, viaNames } from '../src/http.ts';
import { RequestParser } from '../src/http1.ts';
import { readExtensions, readSubprotocols } from '../src/websocket.ts';

const factor = 16;
/**
 * What is linear takes 16 times as long, and longer where memory is collected; what is quadratic, 256 times.
 */
const most = 6 * factor;

const names = (size: number): string =>
  Array.from({ length: size }, (_, nth) => nth.toString(36)).join();
const limits = {
  maxRequestTargetBytes: 1e9,
  maxRequestHeaderLineBytes: 1e9,
  maxRequestHeaderBytes: 1e9,
  maxRequestHeaders: 1e9,
};
const parsed = (head: string): void => {
  const parser = new RequestParser(limits);
  parser.readHead(Buffer.from(head, 'latin1'), 0);
  parser.free();
};

it.each<[string, (size: number) => string, (text: string) => unknown]>([
  ['distinct subprotocols', names, (text) => readSubprotocols([text])],
  ['lines of subprotocols', names, (text) => readSubprotocols(text.split(','))],
  ['distinct extensions', names, (text) => readExtensions([text])],
  [
    'parameters of an extension',
    (size) => 'a;b="\\c"'.repeat(size),
    (text) => readExtensions([text]),
  ],
  ['distinct tokens', names, (text) => readTokenList(text, [])],
  ['empty members', (size) => ' ,\t'.repeat(size), (text) => readTokenList(text, [])],
  ['entries of Via', (size) => '1.1  a(,) ,'.repeat(size), (text) => viaNames(text, 'b')],
  ['blanks in Via', (size) => `1.1${' \t'.repeat(size)}a`, (text) => viaNames(text, 'b')],
  ['an authority', (size) => '%41.'.repeat(size), isAuthority],
  ['fields', (size) => `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(size)}\r\n`, parsed],
  ['a field', (size) => `GET / HTTP/1.1\r\nHost: a\r\nb:${' \t'.repeat(size)}c\r\n\r\n`, parsed],
  ['a target', (size) => `GET /${'%2e/;'.repeat(size)} HTTP/1.1\r\nHost: a\r\n\r\n`, parsed],
  [
    'tabs beside a length',
    (size) => `GET / HTTP/1.1\r\n${`Content-Length:${'\t'.repeat(10)}0\r\n`.repeat(size)}\r\n`,
    parsed,
  ],
])('%s', (_, make, run) => {
  expect(costGrowth(make, run, 500, factor)).toBeLessThan(most);
});
