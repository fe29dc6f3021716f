import { isIP, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';

const similar = fc.string({
  unit: fc.constantFrom('0', '1', 'f', ':', ':', '::', '.', '12', '255', '%', 'ffff', '01'),
  maxLength: 16,
});

test('RFC 4291 §2.2: what node:net takes for an address, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), similar), (text) => {
      if (text.includes('%')) return;
      expect(parseIpAddress(text) !== null).toBe(isIP(text) !== 0);
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
  );
});

test('RFC 5952 §4: one spelling for each address, which node:net reads alike', () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, (address) => {
      const text = formatIpAddress(address);
      expect(parseIpAddress(text)).toEqual(address);
      if (!text.includes(':')) return;
      const { address: same } = new SocketAddress({ address: text, family: 'ipv6' });
      expect(parseIpAddress(same)).toEqual(address);
    }),
  );
});

test('any text: no exception', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseIpAddress(text)));
});
