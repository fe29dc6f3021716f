import { createError } from '@reverseit/core/errors';
import { errors } from 'undici';
import { expect, test } from 'vitest';
import { connectError, exchangeError, isParserObjection } from './error-map.ts';

const withCode = (code: string, more: object = {}) =>
  Object.assign(new Error('x'), { code, ...more });
const at = (headSeen: boolean, connectionEnded = false) => ({ headSeen, connectionEnded });

test.each<[string, unknown, string, string]>([
  ['undici: other side closed', new errors.SocketError('other side closed'), 'RESET', 'TRUNCATED'],
  ['undici: destroyed by itself', new errors.InformationalError('reset'), 'RESET', 'TRUNCATED'],
  [
    'undici: parser',
    withCode('HPE_INVALID_CONSTANT', { name: 'HTTPParserError' }),
    'PROTOCOL',
    'PROTOCOL',
  ],
  ['undici: parser, no code', new errors.HTTPParserError('bad'), 'PROTOCOL', 'PROTOCOL'],
  ['undici: length', new errors.ResponseContentLengthMismatchError(), 'PROTOCOL', 'PROTOCOL'],
  ['undici: head too large', new errors.HeadersOverflowError(), 'HEAD_TOO_LARGE', 'HEAD_TOO_LARGE'],
  [
    'undici: body too large',
    new errors.ResponseExceededMaxSizeError(),
    'BODY_TOO_LARGE',
    'BODY_TOO_LARGE',
  ],
  ['undici: head timeout', new errors.HeadersTimeoutError(), 'HEAD_TIMEOUT', 'HEAD_TIMEOUT'],
  ['undici: body timeout', new errors.BodyTimeoutError(), 'BODY_TIMEOUT', 'BODY_TIMEOUT'],
  [
    'undici: connect timeout',
    new errors.ConnectTimeoutError(),
    'CONNECT_TIMEOUT',
    'CONNECT_TIMEOUT',
  ],
  ['undici: client destroyed', new errors.ClientDestroyedError(), 'CLOSED', 'CLOSED'],
  ['undici: client closed', new errors.ClientClosedError(), 'CLOSED', 'CLOSED'],
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
  expect(exchangeError(cause, at(false)).code).toBe(`RIT_ERR_UPSTREAM_${before}`);
  expect(exchangeError(cause, at(true)).code).toBe(`RIT_ERR_UPSTREAM_${after}`);
});

test('what the parser says of a connection that ended is a consequence of the end', () => {
  for (const cause of [
    new errors.HTTPParserError('x'),
    new errors.ResponseContentLengthMismatchError(),
  ]) {
    expect(exchangeError(cause, at(false, true)).code).toBe('RIT_ERR_UPSTREAM_RESET');
    expect(exchangeError(cause, at(true, true)).code).toBe('RIT_ERR_UPSTREAM_TRUNCATED');
    expect(isParserObjection(cause)).toBe(true);
  }
  expect(isParserObjection(withCode('ECONNRESET'))).toBe(false);
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
  const error = exchangeError(cause, at(false));
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
  const alert = exchangeError(withCode('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), at(false));
  expect(alert.message).toBe('TLS to the backend failed: ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
});
