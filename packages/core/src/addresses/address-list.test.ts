import { describe, expect, test } from 'vitest';
import { Faults } from '../options/faults.ts';
import { addresses } from '../options/option-address-kind.ts';
import type { AddressList } from './address-list.ts';

const row = addresses({ group: 'g', prose: 'p.' });

function list(...entries: string[]): AddressList {
  const faults = new Faults();
  const read = row.read(entries, 'key', faults, row.default);
  faults.throwIfAny();
  return read;
}

describe('who belongs to a list', () => {
  test.for<[entry: string, inside: string[], outside: string[]]>([
    ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1'], ['192.0.2.2', '', 'x']],
    ['::ffff:192.0.2.1', ['192.0.2.1'], ['192.0.2.2']],
    ['::ffff:192.0.2.0/120', ['192.0.2.9'], ['192.0.3.0']],
    ['2001:DB8::1', ['2001:db8::1', '2001:db8:0::1'], ['2001:db8::2']],
    ['10.0.0.0/8', ['10.255.0.1'], ['11.0.0.0', '::a00:1']],
    ['10.0.0.0/9', ['10.127.255.255'], ['10.128.0.0']],
    ['0.0.0.0/0', ['1.2.3.4', '::ffff:1.2.3.4'], ['::1', '']],
    ['::/0', ['::1', '2001:db8::1'], ['1.2.3.4', '']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1']],
    ['loopback', ['127.0.0.1', '127.9.9.9', '::1'], ['126.0.0.1', '::2', '']],
    [
      'private',
      ['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.9.9', 'fd00::1', 'fc00::1'],
      ['172.32.0.0', '192.169.0.0', '100.64.0.1', '127.0.0.1', 'fe80::1', '2001:db8::1'],
    ],
    ['link-local', ['169.254.1.1', 'fe80::1%eth0', 'febf::1'], ['169.255.0.0', 'fec0::1']],
    ['cgnat', ['100.64.0.0', '100.127.255.255'], ['100.63.0.0', '100.128.0.0']],
    ['unix', [''], ['127.0.0.1', '::1']],
  ])('%s', ([entry, inside, outside]) => {
    const of = list(entry);
    // Twice: the second answer is one that was kept.
    for (let time = 0; time < 2; time++) {
      expect([
        inside.filter((one) => !of.hasPeer(one)),
        outside.filter((one) => of.hasPeer(one)),
      ]).toEqual([[], []]);
    }
  });

  test('of several entries, any', () => {
    const of = list('loopback', '10.0.0.0/8');
    expect(['::1', '10.0.0.1', '11.0.0.1'].map((one) => of.hasPeer(one))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('nobody belongs to an empty one', () => {
    expect([list().empty, list().hasPeer(''), list().hasPeer('127.0.0.1')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([list('unix').empty, list('::1').empty]).toEqual([false, false]);
  });

  test('what is kept of peers is bounded', () => {
    const of = list('10.0.0.0/8');
    for (let i = 0; i < 10_000; i++) of.hasPeer(`192.0.${i >> 8}.${i & 255}`);
    expect([of.hasPeer('10.0.0.1'), of.hasPeer('192.0.2.1')]).toEqual([true, false]);
  });
});
