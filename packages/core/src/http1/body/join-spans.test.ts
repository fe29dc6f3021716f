import { expect, test } from 'vitest';
import { SPAN } from '../llhttp/constants.ts';
import { joinSpans } from './join-spans.ts';

const chunk = Buffer.alloc(10_000);
for (let i = 0; i < chunk.length; i++) chunk[i] = i % 251;

/** The lengths of the joined that spans of these lengths become, each after a gap of three bytes. */
function lengthsOf(spans: readonly number[]): number[] {
  const list = new Int32Array(spans.length * 3);
  const parts: Buffer[] = [];
  let at = 0;
  for (const [i, length] of spans.entries()) {
    at += 3;
    list.set([SPAN.BODY, at, at + length], i * 3);
    parts.push(chunk.subarray(at, at + length));
    at += length;
  }
  const joined: Buffer[] = [];
  joinSpans(chunk, list, list.length, joined);
  expect(Buffer.concat(joined)).toEqual(Buffer.concat(parts));
  return joined.map((part) => part.length);
}

test.each([
  ['nothing', [], []],
  ['one of one byte', [1], [1]],
  ['one that is large', [1024], [1024]],
  ['small ones together', [1, 31, 32, 33, 1000, 1], [1098]],
  ['large ones for themselves', [1024, 3000], [1024, 3000]],
  ['small ones before and after a large one', [1, 2, 1024, 3, 4], [3, 1024, 7]],
  ['a small one between large ones', [1024, 5, 1024], [1024, 5, 1024]],
])('%s', (_, spans, joined) => {
  expect(lengthsOf(spans)).toEqual(joined);
});

test('what stands alone is a view, and what is joined a copy', () => {
  const alone: Buffer[] = [];
  joinSpans(chunk, new Int32Array([SPAN.BODY, 1, 3]), 3, alone);
  expect(alone[0]?.buffer).toBe(chunk.buffer);
  const joined: Buffer[] = [];
  joinSpans(chunk, new Int32Array([SPAN.BODY, 1, 3, SPAN.BODY, 5, 6]), 6, joined);
  expect(joined[0]?.buffer).not.toBe(chunk.buffer);
  expect(joined).toEqual([Buffer.from([1, 2, 5])]);
});

test('only so many of the list', () => {
  const joined: Buffer[] = [];
  joinSpans(chunk, new Int32Array([SPAN.BODY, 1, 3, SPAN.BODY, 5, 6]), 3, joined);
  expect(joined).toEqual([Buffer.from([1, 2])]);
});
