import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProtocol, readUpgrade } from './upgrade-field.ts';

describe('RFC 9110 §7.8: readUpgrade, any value', () => {
  it('answers with protocols that read the same again, or with nothing', () => {
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'aZ0/,. \t"\\\u00e9') }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (values) => {
        const protocols = readUpgrade(values.flatMap((one) => ['upgrade', one]));
        if (protocols === null) return;
        expect(protocols.every(isProtocol)).toBe(true);
        expect(readUpgrade(['UPGRADE', protocols.join(', ')])).toEqual(protocols);
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });
});
