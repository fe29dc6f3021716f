import { Faults } from '@reverseit/core/options';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBackendList } from './backend-list.ts';

const url = fc.oneof(
  fc.constantFrom(
    'http://a',
    'https://b:8443/x',
    'ws://[::1]:80',
    'http://10.0.0.1:8080',
    'ftp://a',
    '',
  ),
  fc.webUrl(),
  fc.string(),
);
const one = fc.oneof(
  url,
  fc.record(
    {
      url,
      name: fc.oneof(fc.string(), fc.constantFrom('one', 'two')),
      weight: fc.oneof(fc.integer({ min: -1, max: 70_000 }), fc.double()),
      backup: fc.oneof(fc.boolean(), fc.string()),
      maxRequests: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: -1 })),
      unixSocket: fc.option(fc.string()),
    },
    { requiredKeys: [] },
  ),
  fc.anything(),
);

test('a list is read whole, or every fault has a place in it', () => {
  fc.assert(
    fc.property(fc.oneof(one, fc.array(one, { maxLength: 5 })), (value) => {
      const faults = new Faults();
      const specs = readBackendList(value, 'backend', faults);
      const given = Array.isArray(value) ? value.length : 1;
      expect(specs.length === given).toBe(faults.list.length === 0);
      for (const { key } of faults.list) expect(key).toMatch(/^backend/);
      expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);
      for (const { url: read, authority, weight, maxRequests } of specs) {
        expect(read).toContain(authority);
        expect(weight).toBeGreaterThanOrEqual(0);
        expect(maxRequests).toBeGreaterThanOrEqual(1);
      }
    }),
  );
});

test('the resolved URLs are read as themselves', () => {
  fc.assert(
    fc.property(fc.array(url, { maxLength: 5 }), (urls) => {
      const specs = readBackendList(urls, 'backend', new Faults());
      const again = readBackendList(
        specs.map((spec) => spec.url),
        'backend',
        new Faults(),
      );
      expect(again).toEqual(specs);
    }),
  );
});
