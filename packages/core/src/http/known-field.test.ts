import { describe, expect, test } from 'vitest';
import { FIELD, knownField } from './known-field.ts';

describe('fields that a proxy treats specially', () => {
  test.for([
    ['Host', FIELD.HOST],
    ['CONTENT-LENGTH', FIELD.CONTENT_LENGTH],
    ['Transfer-Encoding', FIELD.TRANSFER_ENCODING],
    ['connection', FIELD.CONNECTION],
    ['Keep-Alive', FIELD.HOP],
    ['Proxy-Authenticate', FIELD.HOP],
    ['Proxy-Authorization', FIELD.HOP],
    ['Proxy-Connection', FIELD.HOP],
    ['TE', FIELD.TE],
    ['Trailer', FIELD.TRAILER],
    ['Upgrade', FIELD.UPGRADE],
    ['Expect', FIELD.EXPECT],
    ['Date', FIELD.DATE],
    ['Via', FIELD.VIA],
    ['X-Forwarded-For', FIELD.X_FORWARDED_FOR],
    ['x-forwarded-Host', FIELD.X_FORWARDED_HOST],
    ['X-FORWARDED-PROTO', FIELD.X_FORWARDED_PROTO],
    ['Authorization', FIELD.AUTHORIZATION],
    ['Location', FIELD.LOCATION],
    ['Content-Location', FIELD.LOCATION],
    ['', FIELD.OTHER],
    ['T', FIELD.OTHER],
    ['Trailers', FIELD.OTHER],
    ['Hos\u017f', FIELD.OTHER],
    ['content_length', FIELD.OTHER],
    ['X_Forwarded_For', FIELD.DISGUISED],
    ['x_forwarded-for', FIELD.DISGUISED],
    ['X-FORWARDED_HOST', FIELD.DISGUISED],
    ['x_forwarded_proto', FIELD.DISGUISED],
    ['x_forwarded_port', FIELD.OTHER],
    ['x-forwarded.for', FIELD.OTHER],
    ['a'.repeat(1000), FIELD.OTHER],
    ['constructor', FIELD.OTHER],
  ] as const)('%j is %d', ([name, field]) => {
    expect(knownField(name)).toBe(field);
  });
});
