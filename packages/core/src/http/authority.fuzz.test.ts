import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAuthority, parseAuthority, sameAuthority } from './authority.ts';

const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
);
const port = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 0, max: 65535 }).map((number) => `:${number}`),
);

test('what is put together comes apart again', () => {
  fc.assert(
    fc.property(host, port, (name, suffix) => {
      expect(parseAuthority(name + suffix)).toEqual({
        host: name.toLowerCase(),
        port: suffix === '' ? -1 : Number(suffix.slice(1)),
      });
      expect(sameAuthority(name + suffix, name.toUpperCase() + suffix, 'http')).toBe(true);
    }),
  );
});

test('IPv6 addresses are those of node:net, without zones', () => {
  const address = fc.oneof(
    fc.ipV6(),
    fc.string({
      unit: fc.constantFrom('0', '1', 'f', ':', ':', '::', '.', '12', '255', '%'),
      maxLength: 14,
    }),
  );
  fc.assert(
    fc.property(address, (text) => {
      expect(isAuthority(`[${text}]`)).toBe(isIPv6(text) && !text.includes('%'));
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
  );
});

test('any text: no exception, and both readers agree', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(isAuthority(text)).toBe(parseAuthority(text) !== null);
    }),
  );
});
