import { describe, expect, it } from 'vitest';
import { isWireCloseCode, maxReasonBytes, truncateReason } from './close-code.ts';

describe('close codes on the wire (RFC 6455 §7.4)', () => {
  const allowed = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ];
  const refused = [
    0,
    1,
    999,
    1004,
    1005,
    1006,
    1015,
    1016,
    1100,
    1999,
    2000,
    2999,
    5000,
    65535,
    -1,
    1000.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ];
  it.each(allowed)('%d may be sent', (code) => expect(isWireCloseCode(code)).toBe(true));
  it.each(refused)('%d may not', (code) => expect(isWireCloseCode(code)).toBe(false));
});

describe('reasons (RFC 6455 §5.5)', () => {
  it.each([
    ['empty', '', 0],
    ['short', 'bye', 3],
    ['of exactly 123 bytes', 'x'.repeat(123), 123],
    ['of 124 bytes', 'x'.repeat(124), 123],
    ['cut before a character of two bytes', `${'x'.repeat(122)}é`, 122],
    ['cut before a character of three bytes', `${'x'.repeat(121)}€`, 121],
    ['cut before a character of four bytes', `${'x'.repeat(120)}😀`, 120],
    ['ending with a whole character of four bytes', `${'x'.repeat(119)}😀!`, 123],
  ])('%s', (_, reason, length) => {
    const bytes = truncateReason(reason);
    expect(bytes.length).toBe(length);
    expect(bytes.length).toBeLessThanOrEqual(maxReasonBytes);
    expect(reason.startsWith(bytes.toString())).toBe(true);
  });
});
