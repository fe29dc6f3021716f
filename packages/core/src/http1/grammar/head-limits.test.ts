import { describe, expect, test } from 'vitest';
import { SPAN } from '../llhttp/constants.ts';
import { checkFieldLimits, checkHeadLimits } from './head-limits.ts';

const limits = {
  maxRequestTargetBytes: 10,
  maxRequestHeaderLineBytes: 20,
  maxRequestHeaderBytes: 30,
  maxRequestHeaders: 2,
};

/** Spans as the binding reports them, for a head without mistakes that may end anywhere. */
function spansOf(text: string): { spans: Int32Array; used: number } {
  const list: number[] = [];
  const target = /^([A-Z]+ +)(\S*)/.exec(text);
  if (target !== null && target[0].length > (target[1] ?? '').length) {
    list.push(SPAN.TARGET, (target[1] ?? '').length, target[0].length);
  }
  let at = text.indexOf('\n') + 1;
  while (at > 0 && at < text.length && text[at] !== '\r') {
    const line = /^([^:\r]*)(:[ ]*)?([^\r]*)/.exec(text.slice(at));
    const [whole = '', name = '', colon, value = ''] = line ?? [];
    list.push(SPAN.NAME, at, at + name.length);
    const start = at + name.length + (colon ?? '').length;
    if (colon !== undefined) list.push(SPAN.VALUE, start, start + value.length);
    at += whole.length;
    if (text[at] !== '\r') break;
    at += 2;
  }
  return { spans: Int32Array.from(list), used: list.length };
}

const cases: readonly [text: string, code: string | null][] = [
  ['', null],
  ['G'.repeat(48), null],
  ['G'.repeat(49), 'RIT_ERR_REQUEST_LINE'],
  [`GET${' '.repeat(45)}/`, null],
  [`GET${' '.repeat(46)}/`, 'RIT_ERR_REQUEST_LINE'],
  [`GET /${'t'.repeat(9)}`, null],
  [`GET /${'t'.repeat(10)}`, 'RIT_ERR_TARGET_TOO_LONG'],
  [`GET /${' '.repeat(48)}`, null],
  [`GET /${' '.repeat(49)}`, 'RIT_ERR_REQUEST_LINE'],
  ['GET /\r', 'RIT_ERR_REQUEST_LINE'],
  ['GET /\r\nA: b\r\n', 'RIT_ERR_REQUEST_LINE'],
  [`GET /${' '.repeat(50)}HTTP/1.1\r\nA:`, 'RIT_ERR_REQUEST_LINE'],
  ['GET / HTTP/1.1\r\n\r\n', null],
  [`GET / HTTP/1.1\r\n${'N'.repeat(18)}`, null],
  [`GET / HTTP/1.1\r\n${'N'.repeat(19)}`, 'RIT_ERR_HEAD_TOO_LARGE'],
  [`GET / HTTP/1.1\r\nA: ${'v'.repeat(17)}\r\n\r\n`, null],
  [`GET / HTTP/1.1\r\nA: ${'v'.repeat(18)}`, 'RIT_ERR_HEAD_TOO_LARGE'],
  [`GET / HTTP/1.1\r\nA:${'v'.repeat(17)}\r\n\r\n`, null],
  [`GET / HTTP/1.1\r\nA:${' '.repeat(18)}`, null],
  [`GET / HTTP/1.1\r\nA:${' '.repeat(23)}`, 'RIT_ERR_HEAD_TOO_LARGE'],
  ['GET / HTTP/1.1\r\nA: 0123456789\r\nB: 01234567890123\r\n\r\n', null],
  ['GET / HTTP/1.1\r\nA: 0123456789\r\nB: 012345678901234\r\n\r\n', 'RIT_ERR_HEAD_TOO_LARGE'],
  ['GET / HTTP/1.1\r\nA:\r\nB:\r\n\r\n', null],
  ['GET / HTTP/1.1\r\nA:\r\nB:\r\nC', 'RIT_ERR_TOO_MANY_FIELDS'],
];

describe('limits over the spans of a head, complete or not', () => {
  test.for(cases)('%j: %s', ([text, code]) => {
    const { spans, used } = spansOf(text);
    expect(checkHeadLimits(limits, Buffer.from(text), spans, used, 0, text.length)).toBe(code);
    // The same where the head stands somewhere else in the chunk.
    const moved = spans.map((number, at) => (at % 3 === 0 ? number : number + 5));
    const bytes = Buffer.from(`12345${text}`);
    expect(checkHeadLimits(limits, bytes, moved, used, 5, bytes.length)).toBe(code);
  });

  test('a section of nothing is within them', () => {
    expect(checkFieldLimits(limits, new Int32Array(0), 0, 0, 0)).toBe(null);
  });
});
