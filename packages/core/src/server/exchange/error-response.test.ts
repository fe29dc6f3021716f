import { expect, test, vi } from 'vitest';
import { catalog, type ErrorCode } from '../../errors/catalog.ts';
import { createError } from '../../errors/reverseit-error.ts';
import { getField } from '../../http/field-section.ts';
import { HeaderSection } from '../../http/header-section.ts';
import { demandsUpgrade, errorFields, errorResponse, errorText } from './error-response.ts';
import { httpDate } from './http-date.ts';

const answered = (Object.keys(catalog) as ErrorCode[]).filter((code) => catalog[code].status !== 0);

test.for(answered)('%s: a small text that says nothing of the input (RFC 9110 §15)', (code) => {
  const error = createError(code, 'secret of the input', { cause: new Error('secret') });
  const response = errorResponse(error, false, []);
  const [head = '', text = ''] = response.split('\r\n\r\n');
  const { status } = catalog[code];
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} \\S`));
  expect(text).toBe(errorText(status));
  expect(head).toContain(`\r\ncontent-length: ${text.length}\r\nconnection: close`);
  expect(head).toMatch(/\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
  expect(response).not.toContain('secret');
  expect(head.includes('\r\nretry-after: ')).toBe(status === 503);
});

test('to HEAD it has no content, and tells its length (RFC 9110 §9.3.2)', () => {
  const error = createError('RIT_ERR_HOST');
  expect(errorResponse(error, true, []) + errorText(400)).toBe(errorResponse(error, false, []));
});

test('426 names the version that is supported (RFC 6455 §4.4)', () => {
  expect(errorFields(createError('RIT_ERR_WS_VERSION'))).toContain('sec-websocket-version');
  expect(errorFields(createError('RIT_ERR_WS_HANDSHAKE'))).not.toContain('sec-websocket-version');
});

test('RFC 9110 §15.5.22: 426 says what to upgrade to, and Connection names it', () => {
  const fields = errorFields(createError('RIT_ERR_WS_VERSION'));
  expect(getField(fields, 'upgrade')).toBe('websocket');
  expect(demandsUpgrade(426, HeaderSection.from(fields))).toBe(true);
  expect(demandsUpgrade(400, HeaderSection.from(fields))).toBe(false);
  expect(demandsUpgrade(426, HeaderSection.from(['content-type', 'text/plain']))).toBe(false);
  expect(errorFields(createError('RIT_ERR_WS_HANDSHAKE'))).not.toContain('upgrade');
});

test('Date is made anew each second, and when the clock is set back (RFC 9110 §6.6.1)', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const base = Date.UTC(2040, 0, 1, 0, 0, 0);
    for (const [ms, text] of [
      [0, '00:00:00'],
      [999, '00:00:00'],
      [1000, '00:00:01'],
      [1999, '00:00:01'],
      [61_500, '00:01:01'],
      [5, '00:00:00'],
    ] as const) {
      vi.setSystemTime(base + ms);
      expect(httpDate()).toBe(`Sun, 01 Jan 2040 ${text} GMT`);
    }
  } finally {
    vi.useRealTimers();
  }
});
