import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readTlvs } from './tlv-reader.ts';

it('§2.2 any fields: what has no name is kept in order, or there is a reason', () => {
  const tlv = fc.tuple(fc.integer({ min: 0x40, max: 0xff }), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(tlv, { maxLength: 8 }), fc.uint8Array({ maxLength: 2 }), (all, rest) => {
      const parts = all.map(([type, value]) =>
        Buffer.concat([Buffer.from([type, 0, value.length]), value]),
      );
      const fields = readTlvs(Buffer.concat([...parts, rest]), 0);
      if (rest.length > 0) {
        expect(fields).toBe('a field is longer than the header');
        return;
      }
      const others = all.map(([type, value]) => ({ type, value: Buffer.from(value) }));
      expect(fields).toMatchObject({ others });
    }),
  );
});
