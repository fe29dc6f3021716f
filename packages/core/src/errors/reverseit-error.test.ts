import { describe, expect, test, vi } from 'vitest';
import { catalog, type ErrorCode } from './catalog.ts';
import {
  AbortError,
  ConfigError,
  createError,
  DeadlineError,
  isReverseItError,
  LimitError,
  ProtocolError,
  ReverseItError,
  StateError,
  UpstreamError,
  WebSocketError,
} from './reverseit-error.ts';

const classes = {
  AbortError,
  ConfigError,
  DeadlineError,
  LimitError,
  ProtocolError,
  StateError,
  UpstreamError,
  WebSocketError,
};

describe('createError', () => {
  test.for(Object.keys(catalog) as ErrorCode[])(
    '%s is of its class and answers as its row says',
    (code) => {
      const row = catalog[code];
      const error = createError(code);
      expect(error).toBeInstanceOf(Error);
      expect(error).toBeInstanceOf(ReverseItError);
      expect(error).toBeInstanceOf(classes[row.class]);
      expect(error.name).toBe(row.class);
      expect(error.message).toBe(row.text);
      expect(error).toMatchObject({
        code,
        blame: row.blame,
        status: row.status,
        closeCode: row.closeCode,
        connection: row.connection,
        retry: row.retry,
      });
      expect(String(error)).toBe(`${row.class}: ${row.text}`);
      expect(error.stack).toContain('reverseit-error.test.ts');
    },
  );

  test('message, cause and details are kept', () => {
    const cause = new Error('below');
    const details = { limit: 'maxRequestHeaders', max: 1 };
    const error = createError('RIT_ERR_INTERNAL', 'text', { cause, details });
    expect([error.message, error.cause, error.details]).toEqual(['text', cause, details]);
    expect(error.details).toBe(details);
  });

  test('without a cause there is no such property; a falsy one is kept', () => {
    expect(createError('RIT_ERR_INTERNAL')).not.toHaveProperty('cause');
    expect(createError('RIT_ERR_INTERNAL').details).toBe(undefined);
    expect(createError('RIT_ERR_INTERNAL', undefined, { cause: null }).cause).toBe(null);
  });
});

describe('isReverseItError', () => {
  test('knows errors of another copy of this package', async () => {
    vi.resetModules();
    const copy = await import('./reverseit-error.ts');
    const error = copy.createError('RIT_ERR_HOST');
    expect(error).not.toBeInstanceOf(ReverseItError);
    expect(isReverseItError(error)).toBe(true);
    expect(copy.isReverseItError(createError('RIT_ERR_HOST'))).toBe(true);
  });

  test.for([undefined, null, 1, 'RIT_ERR_HOST', {}, [], new Error('x'), { code: 'RIT_ERR_HOST' }])(
    'not %s',
    (value) => {
      expect(isReverseItError(value)).toBe(false);
    },
  );
});
