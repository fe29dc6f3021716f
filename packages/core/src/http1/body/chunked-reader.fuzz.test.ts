import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drive } from '../../../test/drive-chunked.ts';

const latin1 = fc
  .uint8Array({ minLength: 1, maxLength: 100 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

test('any chunks of any content, in pieces of any size', () => {
  fc.assert(
    fc.property(fc.array(latin1), fc.integer({ min: 1, max: 300 }), (chunks, pieceBytes) => {
      const text = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
      const input = Buffer.from(`${text}0\r\n\r\n`, 'latin1');
      expect(drive(input, pieceBytes)).toEqual({
        content: chunks.join(''),
        trailers: [],
        complete: true,
        failure: null,
        announced: chunks.join('').length,
        taken: input.length,
      });
    }),
  );
});

test('any bytes: one verdict, whatever the pieces', () => {
  const noise = fc.string({
    unit: fc.constantFrom(
      '0',
      '1',
      '2',
      'a',
      ';',
      '=',
      '"',
      '\r',
      '\n',
      '\r\n',
      '\r\n0\r\n',
      ' ',
      '\t',
      ':',
      '\0',
      'x',
    ),
    maxLength: 40,
  });
  fc.assert(
    fc.property(noise, fc.integer({ min: 1, max: 40 }), (text, pieceBytes) => {
      const input = Buffer.from(text, 'latin1');
      const whole = drive(input, input.length + 1);
      for (const other of [drive(input, 1), drive(input, pieceBytes)]) {
        // How much content passed before a fault depends on the pieces, and so does what was announced.
        const blank = whole.failure === null ? {} : { announced: 0 };
        expect({ ...other, ...blank, content: '' }).toEqual({ ...whole, ...blank, content: '' });
        if (whole.failure === null) expect(other.content).toBe(whole.content);
        else expect(other.content.startsWith(whole.content)).toBe(true);
      }
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 500 },
  );
});
