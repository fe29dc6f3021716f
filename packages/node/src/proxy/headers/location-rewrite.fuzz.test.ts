import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveProxyOptions } from '../../options/resolve-proxy-options.ts';
import { LocationRewrite } from './location-rewrite.ts';

const backend = resolveProxyOptions({ backend: 'http://10.0.0.1:8080/base' }).routes[0]!.backend!;
const rewrite = new LocationRewrite({ backend, host: null });
const place = { authority: 'example.org', encrypted: false, prefix: '/api' };

/** Made of what URLs are made of, so that many of them nearly match. */
const part = fc.constantFrom(
  ...['http:', 'HTTP:', '//', '/', '\\', '10.0.0.1', ':8080', '@', 'evil.example', 'base', '/base'],
  ...['?', '#', '.', '..', '%2f', '\t', ' ', ':', 'a'],
);
const url = fc.oneof(
  fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.array(part, { maxLength: 5 }).map((parts) => `http://10.0.0.1:8080/base${parts.join('')}`),
  fc.string(),
);

describe('LocationRewrite, any URL', () => {
  it('stays as it is, or leads a browser to the public host and no other', () => {
    fc.assert(
      fc.property(url, (given) => {
        const result = rewrite.apply(given, place);
        if (result === given) return;
        expect(new URL(result, 'http://elsewhere.example').host).toBe('example.org');
        // It led to the backend before.
        expect(new URL(given, 'http://elsewhere.example').host).toBe('10.0.0.1:8080');
        expect(result.startsWith('http://example.org/api')).toBe(true);
      }),
    );
  });
});
