import { createError } from '@reverseit/core/errors';
import { errors } from 'undici';
import { expect, test } from 'vitest';
import { connectError, exchangeError } from './error-map.ts';

const withCode = (code: string, more: object = {}) =>
  Object.assign(new Error('x'), { code, ...more });

test.each<[string, unknown, string, string]>([
  ['undici: other side closed', new errors.SocketError('other side closed'), 'RESET', 'TRUNCATED'],
  ['undici: destroyed by itself', new errors.InformationalError('reset'), 'RESET', 'TRUNCATED'],
  ['undici: aborted', new errors.RequestAbortedError(), 'RESET', 'TRUNCATED'],
  ['reset', withCode('ECONNRESET'), 'RESET', 'TRUNCATED'],
  ['broken pipe', withCode('EPIPE'), 'RESET', 'TRUNCATED'],
  ['TCP gave up', withCode('ETIMEDOUT'), 'RESET', 'TRUNCATED'],
  ['TLS alert', withCode('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'TLS', 'TRUNCATED'],
  ['TLS, told to a write', withCode('EPROTO'), 'TLS', 'TRUNCATED'],
  ['TLS, as a cause', new Error('x', { cause: withCode('ERR_SSL_BAD') }), 'TLS', 'TRUNCATED'],
  ['as a cause', new TypeError('x', { cause: withCode('ECONNRESET') }), 'RESET', 'TRUNCATED'],
  ['in an aggregate', new AggregateError([withCode('EPIPE')]), 'RESET', 'TRUNCATED'],
  ['our own', createError('RIT_ERR_UPSTREAM_DNS'), 'DNS', 'DNS'],
])('%s', (_, cause, before, after) => {
  expect(exchangeError(cause, false).code).toBe(`RIT_ERR_UPSTREAM_${before}`);
  expect(exchangeError(cause, true).code).toBe(`RIT_ERR_UPSTREAM_${after}`);
});

const circular = new Error('circular');
circular.cause = circular;

test.each<[string, unknown]>([
  ['an unknown code', withCode('EWHATEVER')],
  ['no code', new Error('x')],
  ['undici misused', new errors.InvalidArgumentError('x')],
  ['a string', 'x'],
  ['null', null],
  ['its own cause', circular],
])('unmapped is internal, with its cause: %s', (_, cause) => {
  const error = exchangeError(cause, false);
  expect(error.code).toBe('RIT_ERR_INTERNAL');
  expect(error.cause).toBe(cause);
});

test.each<[string, unknown, 'connect' | 'secure', string]>([
  ['refused', withCode('ECONNREFUSED', { syscall: 'connect' }), 'connect', 'CONNECT'],
  ['unreachable', withCode('EHOSTUNREACH'), 'connect', 'CONNECT'],
  ['no such socket', withCode('ENOENT'), 'connect', 'CONNECT'],
  ['something else', new Error('x'), 'connect', 'CONNECT'],
  [
    'every address refused',
    new AggregateError([withCode('ECONNREFUSED'), withCode('EADDRNOTAVAIL')]),
    'connect',
    'CONNECT',
  ],
  [
    'one address timed out',
    new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')]),
    'connect',
    'CONNECT_TIMEOUT',
  ],
  ['no such name', withCode('ENOTFOUND', { syscall: 'getaddrinfo' }), 'connect', 'DNS'],
  ['no answer of DNS', withCode('EAI_AGAIN', { syscall: 'getaddrinfo' }), 'connect', 'DNS'],
  ['certificate', withCode('CERT_HAS_EXPIRED'), 'secure', 'TLS'],
  ['reset in the handshake', withCode('ECONNRESET'), 'secure', 'TLS'],
  ['our own', createError('RIT_ERR_UPSTREAM_CONNECT_TIMEOUT'), 'secure', 'CONNECT_TIMEOUT'],
])('connecting: %s', (_, cause, phase, code) => {
  expect(connectError(cause, phase, 'http://a:1').code).toBe(`RIT_ERR_UPSTREAM_${code}`);
});

test('a TLS failure says why, and never names the peer’s bytes', () => {
  const error = connectError(withCode('CERT_HAS_EXPIRED'), 'secure', 'https://a:1');
  expect(error.message).toBe('TLS handshake with the backend failed: CERT_HAS_EXPIRED');
  expect(error.details).toEqual({ origin: 'https://a:1' });
  const alert = exchangeError(withCode('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), false);
  expect(alert.message).toBe('TLS to the backend failed: ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
});
