import type { BackendUrl } from '@reverseit/core/options';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AllowedBackends,
  originOf,
  readBackendPattern,
  readBackendUrl,
} from './allowed-backends.ts';

test('any text is a pattern, or none; one that is stays itself', () => {
  const text = fc.oneof(
    fc.string(),
    fc.stringMatching(/^(\*\.|https?:\/\/|[a-z0-9.:@/\\*-]){1,8}$/),
  );
  fc.assert(
    fc.property(text, (given) => {
      const pattern = readBackendPattern(given);
      if (pattern === null) return;
      expect(readBackendPattern(pattern)).toBe(pattern);
      new AllowedBackends([pattern]);
    }),
  );
});

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z0-9]$/);
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6().map((address) => `[${address}]`),
);

test('a wildcard never allows an address, nor a name that does not end with its suffix', () => {
  fc.assert(
    fc.property(label, host, fc.nat(65_535), (suffix, name, port) => {
      const url = readBackendUrl(`http://${name}:${port}`);
      if (url === null) return;
      const allowed = new AllowedBackends([`*.${suffix}`, `https://*.${suffix}`]).allows(url);
      const isBelow = /^[\w.-]+$/.test(name) && name.toLowerCase().endsWith(`.${suffix}`);
      expect(allowed).toBe(isBelow && !/^[\d.]+$/.test(url.host));
    }),
  );
});

test('what is allowed is the origin that is spelled in the same way', () => {
  fc.assert(
    fc.property(host, fc.constantFrom('http', 'https', 'ws', 'wss'), (name, scheme) => {
      const url = readBackendUrl(`${scheme}://${name}`);
      if (url === null) return;
      const pattern = readBackendPattern(`${scheme}://${name}`) as string;
      expect(pattern).toBe(originOf(url));
      expect(new AllowedBackends([pattern]).allows(url)).toBe(true);
      const other: BackendUrl = { ...url, port: url.port + 1, authority: `${url.authority}1` };
      expect(new AllowedBackends([pattern]).allows(other)).toBe(false);
    }),
  );
});
