import { describe, expect, test } from 'vitest';
import { Faults } from './faults.ts';
import { addresses } from './option-address-kind.ts';

const row = addresses({ group: 'g', prose: 'p.' });

describe('what is refused, and what is said', () => {
  const names =
    'an IP address, a range such as "10.0.0.0/8", or "loopback", "private", "link-local", "cgnat", "unix"';
  test.for<[value: unknown, key: string, message: string]>([
    [true, 'key', `true is not accepted; expected an array of which each entry is ${names}`],
    [['10.0.0.0/33'], 'key[0]', `"10.0.0.0/33" is not accepted; expected ${names}`],
    [['::1', '10.0.0.0/08'], 'key[1]', `"10.0.0.0/08" is not accepted; expected ${names}`],
    ['proxy.example', 'key', `"proxy.example" is not accepted; expected ${names}`],
    [['fe80::1%eth0'], 'key[0]', `"fe80::1%eth0" is not accepted; expected ${names}`],
    [[1], 'key[0]', `1 is not accepted; expected ${names}`],
    [['10.0.0.1/'], 'key[0]', `"10.0.0.1/" is not accepted; expected ${names}`],
    [['privat'], 'key[0]', '"privat" is not accepted; did you mean "private"?'],
    [['linkLocal'], 'key[0]', '"linkLocal" is not accepted; did you mean "link-local"?'],
    [
      ['10.0.0.1/8'],
      'key[0]',
      '"10.0.0.1/8" has bits set beyond its length; expected "10.0.0.0/8" or "10.0.0.1"',
    ],
    [
      ['2001:db8::1/32'],
      'key[0]',
      '"2001:db8::1/32" has bits set beyond its length; expected "2001:db8::/32" or "2001:db8::1"',
    ],
  ])('%j', ([value, key, message]) => {
    const faults = new Faults();
    row.read(value, 'key', faults, row.default);
    expect(faults.list).toEqual([{ key, message }]);
  });

  test('one text is a list of one, null is none', () => {
    const faults = new Faults();
    expect(row.read('unix', 'key', faults, row.default).hasPeer('')).toBe(true);
    expect(row.read(null, 'key', faults, row.default).empty).toBe(true);
    expect(row.text?.parse('loopback,10.0.0.0/8')).toEqual(['loopback', '10.0.0.0/8']);
    expect(faults.list).toEqual([]);
  });
});
