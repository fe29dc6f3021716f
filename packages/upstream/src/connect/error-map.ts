/**
 * Whatever undici and the platform throw, as one error of ours. Decided by code, name and the moment,
 * never by message, where there is a code. undici reports most ends of a connection alike, so the moment counts: before the
 * head the backend gave no response, after it the response is cut short.
 */
import {
  catalog,
  createError,
  type ErrorCode,
  isReverseItError,
  type ReverseItError,
} from '@reverseit/core/errors';

/** How far connecting had come. */
export type ConnectPhase = 'connect' | 'secure';

/** What is known of an exchange when its connection fails. */
export interface FailureContext {
  readonly headSeen: boolean;
  /** The backend ended its side, or the socket failed: what the parser then says is only a consequence. */
  readonly connectionEnded: boolean;
}

type Verdict = 'lost' | 'malformed' | ErrorCode;

const byCode: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['UND_ERR_SOCKET', 'lost'],
  ['UND_ERR_INFO', 'lost'],
  ['UND_ERR_ABORTED', 'lost'],
  ['ECONNRESET', 'lost'],
  ['ECONNABORTED', 'lost'],
  ['EPIPE', 'lost'],
  ['ETIMEDOUT', 'lost'],
  ['EHOSTUNREACH', 'lost'],
  ['ENETUNREACH', 'lost'],
  ['ENETDOWN', 'lost'],
  ['ENOTCONN', 'lost'],
  ['ERR_STREAM_DESTROYED', 'lost'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'lost'],
  ['ERR_SOCKET_CLOSED', 'lost'],
  // Said of any parse failure inside a message with a content-length, and of a malformed one.
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'malformed'],
  ['UND_ERR_HEADERS_OVERFLOW', 'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'RIT_ERR_UPSTREAM_BODY_TOO_LARGE'],
  ['UND_ERR_HEADERS_TIMEOUT', 'RIT_ERR_UPSTREAM_HEAD_TIMEOUT'],
  ['UND_ERR_BODY_TIMEOUT', 'RIT_ERR_UPSTREAM_BODY_TIMEOUT'],
  ['UND_ERR_CONNECT_TIMEOUT', 'RIT_ERR_UPSTREAM_CONNECT_TIMEOUT'],
  ['UND_ERR_DESTROYED', 'RIT_ERR_UPSTREAM_CLOSED'],
  ['UND_ERR_CLOSED', 'RIT_ERR_UPSTREAM_CLOSED'],
]);

/** The error of an exchange that had a connection. */
export function exchangeError(cause: unknown, context: FailureContext): ReverseItError {
  for (const error of chain(cause)) {
    if (isReverseItError(error)) return error;
    const verdict = verdictOn(error);
    if (verdict === null) continue;
    if (verdict !== 'lost' && verdict !== 'malformed')
      return createError(verdict, undefined, { cause });
    if (verdict === 'malformed' && !context.connectionEnded) {
      return createError('RIT_ERR_UPSTREAM_PROTOCOL', undefined, { cause });
    }
    return lost(context, cause);
  }
  return createError('RIT_ERR_INTERNAL', undefined, { cause });
}

/** Whether undici's parser found fault with the bytes, as opposed to the connection ending. */
export function isParserObjection(error: unknown): boolean {
  return verdictOn(error) === 'malformed';
}

/** Whether undici's parser stopped at a Content-Length beside a transfer coding. */
export function isUnexpectedLength(error: unknown): boolean {
  const message = propertyOf(error, 'message');
  // The error has no code, see below; llhttp has this reason for nothing else.
  return isParserObjection(error) && /Content-Length can't be present/.test(String(message));
}

/** The error of a connection that ended under an exchange. */
export function lost({ headSeen }: FailureContext, cause: unknown): ReverseItError {
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

function verdictOn(error: unknown): Verdict | null {
  // The parser's error has no usable code (undici 8.12).
  if (propertyOf(error, 'name') === 'HTTPParserError') return 'malformed';
  const code = codeOf(error);
  if (code === undefined) return null;
  return byCode.get(code) ?? (isTlsFailure(error) ? 'lost' : null);
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
