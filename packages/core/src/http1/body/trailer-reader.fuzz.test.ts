import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drive } from '../../../test/drive-chunked.ts';
import { defaultLimits } from '../../../test/drive-parser.ts';

const name = fc.string({ unit: fc.constantFrom(...'aZ0!#$%&-_~|'), minLength: 1, maxLength: 60 });
const value = fc
  .string({ unit: fc.constantFrom('a', ' ', '\t', '\x80', '\xff', ':', '"'), maxLength: 9000 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));

test('any trailer section within the limits parses to itself, any other is refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 8 }),
      fc.integer({ min: 1, max: 5000 }),
      (fields, pieceBytes) => {
        const section = fields.map(([one, text]) => `${one}: ${text}\r\n`).join('');
        const outcome = drive(Buffer.from(`0\r\n${section}\r\n`, 'latin1'), pieceBytes);
        const sizes = fields.map(([one, text]) => one.length + 2 + text.length);
        const within =
          sizes.every((size) => size <= defaultLimits.maxRequestHeaderLineBytes) &&
          sizes.reduce((sum, size) => sum + size, 0) <= defaultLimits.maxRequestHeaderBytes;
        if (within) expect(outcome).toMatchObject({ complete: true, trailers: fields.flat() });
        else expect(outcome).toMatchObject({ failure: 'RIT_ERR_TRAILERS_TOO_LARGE', trailers: [] });
      },
    ),
  );
});
