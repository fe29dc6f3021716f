import { STATUS_CODES } from 'node:http';
import { describe, expect, test } from 'vitest';
import { isBodiless, reasonPhrase } from './status.ts';

describe('status codes (RFC 9110 §15)', () => {
  test('every registered phrase that Node knows, in today’s words', () => {
    const renamed: Record<string, string> = {
      413: 'Content Too Large',
      422: 'Unprocessable Content',
      418: "I'm a Teapot",
      509: '',
    };
    for (const [code, phrase] of Object.entries(STATUS_CODES)) {
      expect(reasonPhrase(Number(code)), code).toBe(renamed[code] ?? phrase);
    }
  });

  test('others have none', () => {
    for (const code of [0, 99, 299, 499, 599, 600]) expect(reasonPhrase(code)).toBe('');
  });

  test.for([
    ['GET', 200, false],
    ['GET', 206, false],
    ['GET', 404, false],
    ['GET', 100, true],
    ['GET', 103, true],
    ['GET', 204, true],
    ['GET', 304, true],
    ['HEAD', 200, true],
    ['HEAD', 500, true],
    ['head', 200, false],
  ] as const)(
    'a response to %s with %d has no content: %s (§6.4.1)',
    ([method, status, expected]) => {
      expect(isBodiless(method, status)).toBe(expected);
    },
  );
});
