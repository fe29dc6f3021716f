import { expect, test } from 'vitest';
import { learn, noAddresses } from './known-addresses.ts';

const both = { ipv4: ['10.0.0.1'], ipv6: ['::1'] };

test.each([
  [
    'what is new takes the place of what was known',
    both,
    { ipv4: ['10.0.0.2'], ipv6: [] },
    { ipv4: ['10.0.0.2'], ipv6: [] },
  ],
  [
    'a family that failed keeps what was known',
    both,
    { ipv4: ['10.0.0.2'], ipv6: null },
    { ipv4: ['10.0.0.2'], ipv6: ['::1'] },
  ],
  ['an empty answer changes nothing', both, { ipv4: [], ipv6: [] }, null],
  [
    'nor does one without an address that can be used',
    both,
    { ipv4: ['0.0.0.0'], ipv6: ['ff02::1', 'x'] },
    null,
  ],
  ['nor a failure where nothing was known', noAddresses, { ipv4: null, ipv6: null }, null],
  [
    'each address once',
    noAddresses,
    { ipv4: ['10.0.0.1', '10.0.0.1'], ipv6: ['::ffff:10.0.0.1', '0::1', '::1'] },
    both,
  ],
  [
    'families are told by the addresses',
    noAddresses,
    { ipv4: ['::1', '10.0.0.1'], ipv6: [] },
    both,
  ],
] as const)('%s', (_, known, answer, expected) => {
  expect(learn(known, answer)).toEqual(expected);
});
