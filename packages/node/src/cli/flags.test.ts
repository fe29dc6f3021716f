import { describe, expect, it } from 'vitest';
import { commandFlags, flags, kebabCase } from './flags.ts';

describe('kebabCase', () => {
  it.each([
    ['path', 'path'],
    ['maxRequestHeaders', 'max-request-headers'],
    ['websocketValidateUtf8', 'websocket-validate-utf8'],
  ])('of %s is %s', (key, name) => expect(kebabCase(key)).toBe(name));
});

describe('flags', () => {
  const named = new Map(flags.map((flag) => [flag.name, flag.path.join('.')]));
  it.each([
    ['listen', 'listen'],
    ['pool-size', 'pool.poolSize'],
    ['backend-tls-ca', 'pool.tls.ca'],
    ['tls-key', 'tls.key'],
    ['error-response-status', 'errorResponse.status'],
    ['routes', undefined],
    ['pool', undefined],
    ['on-request', undefined],
  ])('--%s stands for %s', (name, path) => expect(named.get(name)).toBe(path));

  it('leave the names of the command alone', () => {
    for (const { name } of commandFlags) expect(named.has(name)).toBe(false);
  });
});
