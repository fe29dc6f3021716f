import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

const name = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
  .filter(
    (text) =>
      !/^(?:connection|keep-alive|upgrade|proxy-connection|transfer-encoding|http2-settings)$/.test(
        text,
      ),
  );
const value = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 300,
});

test('what the encoder writes, the decoder reads', () => {
  const decoder = new HpackDecoder();
  const encoder = new HpackEncoder();
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.array(fc.tuple(name, value)),
      (status, pairs) => {
        const fields = pairs.flat();
        const seen: string[] = [];
        const block = Buffer.from(encoder.encode(status, fields));
        expect(
          decoder.decode(block, { onField: (...field) => seen.push(field[0], field[1]) }),
        ).toBe(true);
        expect(seen).toEqual([':status', String(status), ...fields]);
      },
    ),
  );
});

test('no bytes make the decoder throw, or keep more than its table', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder();
      for (const block of blocks) {
        if (
          !decoder.decode(Buffer.from(block), {
            onField: (field) => expect(typeof field).toBe('string'),
          })
        )
          return;
      }
    }),
  );
});
