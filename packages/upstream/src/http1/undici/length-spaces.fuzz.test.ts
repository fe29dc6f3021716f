import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LengthSpaces } from './length-spaces.ts';

/** What is left of a head and its body that come cut at these places. */
function dropped(text: string, cuts: readonly number[]): string {
  const spaces = new LengthSpaces();
  spaces.begin();
  let left = '';
  let start = 0;
  for (const end of [...cuts, text.length]) {
    const piece = Buffer.from(text.slice(start, end));
    start = end;
    // Once the head is complete, what comes is body.
    const isBody = left.includes('\r\n\r\n');
    left += isBody ? piece.toString() : (spaces.drop(piece)?.toString() ?? '');
  }
  return left;
}

const cases: [string, string][] = [
  ['A: b\r\n\r\n', 'A: b\r\n\r\n'],
  ['Content-Length: 2\r\n\r\nok', 'Content-Length: 2\r\n\r\nok'],
  ['Content-Length: 2 \r\n\r\nok', 'Content-Length: 2\r\n\r\nok'],
  ['Content-Length: 12   \r\nA: b \r\n\r\n', 'Content-Length: 12\r\nA: b \r\n\r\n'],
  ['A: 1  2  \r\n\r\n1 \r\n 2 \r\n', 'A: 1  2\r\n\r\n1 \r\n 2 \r\n'],
  ['A: 1\r\n\r\n1 \r\n', 'A: 1\r\n\r\n1 \r\n'],
  ['A: 1 \t \r\n\r\n', 'A: 1 \t \r\n\r\n'],
  // Were it dropped, the head would seem to end.
  ['A: 1\r\n \r\n\r\n', 'A: 1\r\n \r\n\r\n'],
  ['A: 1 \r \r\n\r\n', 'A: 1\r \r\n\r\n'],
];

test.each(cases)('%j, wherever it is cut', (text, left) => {
  expect(dropped(text, [])).toBe(left);
  for (let at = 1; at < text.length; at++) {
    for (let next = at + 1; next < text.length; next++) {
      expect(dropped(text, [at, next]), `${at}, ${next}`).toBe(left);
    }
  }
});

test('however it is cut, the same is left, and nothing but spaces is gone', () => {
  const part = fc.constantFrom('1', ' ', 'a', '\t', '\r', '\n', '\r\n', ' \r\n', '\r\n\r\n');
  fc.assert(
    fc.property(fc.array(part), fc.uniqueArray(fc.nat(60)), (parts, places) => {
      const text = `A${parts.join('')}\r\n\r\n`;
      const cuts = places.filter((at) => at > 0 && at < text.length).sort((a, b) => a - b);
      const left = dropped(text, []);
      expect(dropped(text, cuts)).toBe(left);
      expect(left.replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    }),
  );
});
