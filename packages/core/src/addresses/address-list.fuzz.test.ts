import { BlockList, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AddressList, parseAddressRange } from './address-list.ts';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';

const address = fc.oneof(fc.ipV4(), fc.ipV6());

test('RFC 4632 §3.1: a range holds what node:net says', () => {
  fc.assert(
    fc.property(address, fc.nat(128), address, fc.nat(127), (base, length, other, flipped) => {
      const isV4 = isIPv4(base);
      const bits = isV4 ? length % 33 : length;
      const range = parseAddressRange(`${base}/${bits}`);
      // Bits beyond the length are refused, with the range that was meant.
      const text = 'range' in range ? range.range : `${base}/${bits}`;
      const meant = parseAddressRange(text);
      if ('kind' in meant) throw new Error(`${text} is refused`);
      const list = new AddressList([meant], false);
      const known = new BlockList();
      known.addSubnet(base, bits, isV4 ? 'ipv4' : 'ipv6');
      const near = [...(parseIpAddress(base) ?? [])];
      const bit = isV4 ? 96 + (flipped % 32) : flipped;
      near[bit >> 4] = (near[bit >> 4] as number) ^ (0x8000 >> (bit & 15));
      for (const one of [base, other, formatIpAddress(near)]) {
        if (isIPv4(one) !== isV4) continue;
        expect(list.hasPeer(one)).toBe(known.check(one, isV4 ? 'ipv4' : 'ipv6'));
      }
    }),
  );
});
