/**
 * Whatever undici and the platform throw, as one error of ours. Decided by code and the moment, never by
 * message: before the head the backend gave no response, after it the response is cut short.
 */
import {
  catalog,
  createError,
  isReverseItError,
  type ReverseItError,
} from '@reverseit/core/errors';

/** How far connecting had come. */
export type ConnectPhase = 'connect' | 'secure';

/** Codes of a connection that has ended, as the system, Node and undici have them. */
const endings: ReadonlySet<string> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_INFO',
  'UND_ERR_ABORTED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTCONN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_SOCKET_CLOSED',
]);

/** The error of an exchange that had a connection. */
export function exchangeError(cause: unknown, headSeen: boolean): ReverseItError {
  for (const error of chain(cause)) {
    if (isReverseItError(error)) return error;
    if (isTlsFailure(error) || endings.has(codeOf(error) ?? '')) return lost(headSeen, cause);
  }
  return createError('RIT_ERR_INTERNAL', undefined, { cause });
}

/** The error of a connection that ended under an exchange. */
export function lost(headSeen: boolean, cause: unknown): ReverseItError {
  if (headSeen) return createError('RIT_ERR_UPSTREAM_TRUNCATED', undefined, { cause });
  for (const error of chain(cause)) {
    // TLS 1.3 is ready for us before the backend has judged our certificate.
    if (isTlsFailure(error)) {
      const reason = `${catalog.RIT_ERR_UPSTREAM_TLS.text}: ${codeOf(error)}`;
      return createError('RIT_ERR_UPSTREAM_TLS', reason, { cause });
    }
  }
  return createError('RIT_ERR_UPSTREAM_RESET', undefined, { cause });
}

/** The error of a connection that could not be made. */
export function connectError(cause: unknown, phase: ConnectPhase, label: string): ReverseItError {
  if (isReverseItError(cause)) return cause;
  const details = { origin: label };
  if (phase === 'secure') {
    const reason = codeOf(cause) ?? 'connection ended';
    return createError('RIT_ERR_UPSTREAM_TLS', `TLS handshake with the backend failed: ${reason}`, {
      cause,
      details,
    });
  }
  for (const error of chain(cause)) {
    const code = codeOf(error);
    if (code === undefined) continue;
    if (propertyOf(error, 'syscall') === 'getaddrinfo' || code === 'ENOTFOUND') {
      return createError('RIT_ERR_UPSTREAM_DNS', undefined, { cause, details });
    }
    if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
      return createError('RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', undefined, { cause, details });
    }
  }
  return createError('RIT_ERR_UPSTREAM_CONNECT', unreachable(cause), { cause, details });
}

/** Of several addresses the last failure is named; the others are in the cause. */
function unreachable(cause: unknown): string | undefined {
  if (!(cause instanceof AggregateError)) return undefined;
  const { errors } = cause;
  const last = codeOf(errors.at(-1)) ?? 'an error';
  return `${catalog.RIT_ERR_UPSTREAM_CONNECT.text}: all ${errors.length} addresses failed, the last with ${last}`;
}

/**
 * Whether TLS itself failed on a connection that was made, by an alert of the backend or over what it sent.
 */
export function isTlsFailure(error: unknown): boolean {
  const code = codeOf(error);
  // What a write that fails in OpenSSL is called.
  return code !== undefined && (code === 'EPROTO' || code.startsWith('ERR_SSL_'));
}

/** The error, its causes and the members of aggregates, each once. */
function* chain(cause: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  const todo = [cause];
  while (todo.length > 0 && seen.size < 16) {
    const error = todo.shift();
    if (typeof error !== 'object' || error === null || seen.has(error)) continue;
    seen.add(error);
    yield error;
    const members = propertyOf(error, 'errors');
    if (Array.isArray(members)) todo.push(...members);
    todo.push(propertyOf(error, 'cause'));
  }
}

function codeOf(error: unknown): string | undefined {
  const code = propertyOf(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
