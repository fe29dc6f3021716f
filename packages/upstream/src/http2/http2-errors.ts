/** What the end of a stream or of a session means (RFC 9113 §5.4, §7, §8.7). */
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';

const names = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** The code of an RST_STREAM or GOAWAY by its name in RFC 9113 §7. */
function codeName(code: number): string {
  return names[code] ?? `0x${code.toString(16)}`;
}

/** How far the response of a stream had come when it ended. */
export interface StreamContext {
  readonly headSeen: boolean;
  /** Announced body bytes that have not come. */
  readonly incomplete: boolean;
}

/** The error of a stream that the backend has reset. */
export function streamError(code: number, context: StreamContext): ReverseItError {
  const details = { http2: codeName(code) };
  if (context.headSeen) {
    return isViolation(code) && !context.incomplete
      ? createError('RIT_ERR_UPSTREAM_PROTOCOL', undefined, { details })
      : createError('RIT_ERR_UPSTREAM_TRUNCATED', undefined, { details });
  }
  if (isViolation(code)) return createError('RIT_ERR_UPSTREAM_PROTOCOL', undefined, { details });
  return createError('RIT_ERR_UPSTREAM_RESET', 'backend reset the stream before responding', {
    details,
  });
}

/**
 * The error of a request of which the backend says, or we know, that it was not processed (RFC 9113 §8.7).
 */
export function refused(cause?: unknown): ReverseItError {
  return createError('RIT_ERR_UPSTREAM_REFUSED_STREAM', undefined, { cause });
}

/** The error of a backend that does not begin as RFC 9113 §3.4 has it. */
export function notHttp2(cause?: unknown): ReverseItError {
  return createError('RIT_ERR_UPSTREAM_PROTOCOL', 'backend does not speak HTTP/2', { cause });
}

/** The error of a session whose backend broke the protocol: why, and the code that it was told (RFC 9113 §5.4.1). */
export function brokenProtocol(code: number, text: string): ReverseItError {
  const details = { http2: codeName(code) };
  return createError('RIT_ERR_UPSTREAM_PROTOCOL', `backend broke HTTP/2: ${text}`, { details });
}

/** Whether a session ended because of what the backend said on it. */
export function isProtocolFault(cause: unknown): cause is ReverseItError {
  return isReverseItError(cause) && cause.code === 'RIT_ERR_UPSTREAM_PROTOCOL';
}

/** Names of codes that say that a peer broke the protocol. */
const violations: ReadonlySet<string> = new Set([
  'PROTOCOL_ERROR',
  'FLOW_CONTROL_ERROR',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'COMPRESSION_ERROR',
  'HTTP_1_1_REQUIRED',
]);

function isViolation(code: number): boolean {
  return violations.has(codeName(code));
}
