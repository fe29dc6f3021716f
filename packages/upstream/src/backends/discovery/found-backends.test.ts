import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atAddresses, atServices, type FoundService } from './found-backends.ts';

const shop = { name: 'http://shop', weight: 3, tier: 1, place: null, url: 'http://shop' };

test('each address is a backend that is asked as the name is', () => {
  expect(atAddresses(shop, ['10.0.0.1', '::1'], 80)).toEqual([
    { ...shop, name: 'http://shop (10.0.0.1:80)', place: { host: '10.0.0.1', port: 80 } },
    { ...shop, name: 'http://shop ([::1]:80)', place: { host: '::1', port: 80 } },
  ]);
});

const service = (
  priority: number,
  weight: number,
  port: number,
  ...addresses: string[]
): FoundService => ({ priority, weight, port, addresses });

test.each<[string, readonly FoundService[], readonly (readonly [string, number, number])[]]>([
  ['nothing', [], []],
  [
    'RFC 2782: priorities are tiers, the lowest first',
    [
      service(20, 5, 1, '10.0.0.1'),
      service(10, 7, 2, '10.0.0.2'),
      service(65_535, 1, 3, '10.0.0.3'),
    ],
    [
      ['10.0.0.1:1', 5, 1],
      ['10.0.0.2:2', 7, 0],
      ['10.0.0.3:3', 1, 2],
    ],
  ],
  [
    'RFC 2782: weight 0 still gets something',
    [service(1, 0, 1, '10.0.0.1'), service(1, 9, 1, '10.0.0.2')],
    [
      ['10.0.0.1:1', 1, 0],
      ['10.0.0.2:1', 9, 0],
    ],
  ],
  [
    'the addresses of a target share its weight',
    [service(1, 10, 1, '10.0.0.1', '10.0.0.2')],
    [
      ['10.0.0.1:1', 5, 0],
      ['10.0.0.2:1', 5, 0],
    ],
  ],
  [
    'what two records name is one backend, in its first tier',
    [service(2, 1, 1, '10.0.0.1'), service(1, 4, 1, '10.0.0.1')],
    [['10.0.0.1:1', 4, 0]],
  ],
])('%s', (_, services, expected) => {
  const found = atServices(shop, services);
  expect(found.map(({ name, weight, tier }) => [name.slice(13, -1), weight, tier])).toEqual(
    expected,
  );
});

test('no name twice, and no backend without a weight', () => {
  const record = fc.record({
    priority: fc.nat(3),
    weight: fc.nat(65_535),
    port: fc.integer({ min: 1, max: 3 }),
    addresses: fc.array(fc.constantFrom('10.0.0.1', '10.0.0.2', '::1'), { minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(record), (services) => {
      const found = atServices(shop, services);
      expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
      for (const { weight } of found) expect(weight).toBeGreaterThan(0);
      if (found.length > 0) expect(Math.min(...found.map(({ tier }) => tier))).toBe(0);
    }),
  );
});
