import { expect, test } from 'vitest';
import { acceptsTrailers, forwardableTrailerNames, forwardableTrailers } from './trailer-fields.ts';

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
    'If-Match',
    'If-None-Match',
    'Client-Cert',
    'X-Real-IP',
    'X_Forwarded_For',
    'CONTENT_LENGTH',
    ':path',
    'a b',
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

test.for([
  ['X-Sum', 'X-Sum'],
  ['X-Sum,  grpc-status', 'X-Sum,  grpc-status'],
  ['X-Sum, Authorization, Transfer-Encoding, b', 'x-sum, b'],
  ['Host', ''],
  ['', ''],
  ['x y', ''],
] as const)('Trailer: %j announces %j (RFC 9110 §6.6.2)', ([value, names]) => {
  expect(forwardableTrailerNames(value)).toBe(names);
});

test.for([
  ['trailers', true],
  ['Trailers', true],
  ['gzip;q=0.5, trailers', true],
  [' deflate ,\ttrailers\t', true],
  ['', false],
  ['gzip', false],
  ['trailers;q=0', false],
  ['xtrailers', false],
] as const)('TE: %j welcomes trailers: %j (RFC 9110 §10.1.4)', ([value, welcome]) => {
  expect(acceptsTrailers(value)).toBe(welcome);
});
