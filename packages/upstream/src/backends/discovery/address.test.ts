import { expect, test } from 'vitest';
import { canonicalAddress, placeName } from './address.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['FD00:0:0::0001', 'fd00::1'],
  // RFC 4291 §2.5.5.2: the IPv4 address itself.
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::FFFF:0a00:0001', '10.0.0.1'],
  ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1'],
  // "This host", multicast, broadcast and reserved (RFC 6890).
  ['0.0.0.0', null],
  ['::', null],
  ['::ffff:0.0.0.0', null],
  ['224.0.0.1', null],
  ['::ffff:224.0.0.1', null],
  ['ff02::1', null],
  ['255.255.255.255', null],
  // No addresses.
  ['', null],
  ['256.0.0.1', null],
  ['10.1', null],
  ['2130706433', null],
  ['0x7f.0.0.1', null],
  ['fe80::1%eth0', null],
  ['::1]@evil', null],
  ['1.1.1.1/', null],
  ['localhost', null],
])('%s is %s', (text, address) => {
  expect(canonicalAddress(text)).toBe(address);
});

test('places', () => {
  expect(placeName('10.0.0.1', 80)).toBe('10.0.0.1:80');
  expect(placeName('::1', 443)).toBe('[::1]:443');
});
