import { expect, test } from 'vitest';
import { forwardableTrailers } from './trailer-fields.ts';

test('trailers that frame, route, authenticate or control do not pass (RFC 9110 §6.5.1)', () => {
  const late = [
    'Transfer-Encoding',
    'Content-Length',
    'Host',
    'Cache-Control',
    'Authorization',
    'Set-Cookie',
    'Content-Type',
    'Content-Encoding',
    'Content-Range',
    'Trailer',
    'TE',
    'Connection',
    'Upgrade',
    'Expect',
    'Max-Forwards',
    'Range',
    'X-Forwarded-For',
    'X-Forwarded-Whatever',
    'Forwarded',
    'Via',
    'Location',
    'Vary',
    'COOKIE',
  ];
  expect(forwardableTrailers(late.flatMap((name) => [name, 'x']))).toEqual([]);
});

test('others do, in order and as they are', () => {
  const fields = [
    'X-Sum',
    '1',
    'grpc-status',
    '0',
    'x-sum',
    '\xff',
    'Server-Timing',
    '',
    'ETag',
    '"a"',
  ];
  const passed = forwardableTrailers(fields);
  expect(passed.slice(0, 8)).toEqual(fields.slice(0, 8));
  expect(forwardableTrailers([])).toEqual([]);
});
