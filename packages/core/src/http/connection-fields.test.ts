import { describe, expect, test } from 'vitest';
import { isNamedByConnection } from './connection-fields.ts';
import { fieldEntry } from './field-registry.ts';

describe('fields of one connection (RFC 9110 §7.6.1)', () => {
  test.for([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
  ])('%s ends here', (name) => expect(fieldEntry(name).hopByHop).toBe(true));

  test.for(['Host', 'Content-Length', 'Expect', 'Cookie', 'X-Custom', ''])('%j passes', (name) =>
    expect(fieldEntry(name).hopByHop).toBe(false),
  );

  test('what Connection names goes, but for what frames, routes or tells about the client', () => {
    const named = [
      'x-custom',
      'host',
      'content-length',
      'x-forwarded-for',
      'x-forwarded-port',
      'via',
      'date',
      'cookie',
    ];
    expect(isNamedByConnection('X-Custom', named)).toBe(true);
    expect(isNamedByConnection('Cookie', named)).toBe(true);
    expect(isNamedByConnection('X-Other', named)).toBe(false);
    for (const name of [
      'Host',
      'Content-Length',
      'X-Forwarded-For',
      'X-Forwarded-Port',
      'Via',
      'Date',
    ]) {
      expect(isNamedByConnection(name, named), name).toBe(false);
      expect(fieldEntry(name).protected).toBe(true);
    }
    expect(isNamedByConnection('X-Custom', [])).toBe(false);
  });
});
