import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalAddress } from './address.ts';

test('it is null or an address, and stays the same', () => {
  const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), fc.string());
  fc.assert(
    fc.property(text, (given) => {
      const address = canonicalAddress(given);
      if (address === null) return;
      expect(isIP(address)).toBe(address.includes(':') ? 6 : 4);
      expect(canonicalAddress(address)).toBe(address);
    }),
  );
});

test('an IPv4 address and the one that is mapped to IPv6 are the same', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(canonicalAddress(`::ffff:${address}`)).toBe(canonicalAddress(address));
    }),
  );
});
