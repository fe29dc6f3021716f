/** What the end of a stream or of a session means (RFC 9113 §5.4, §7, §8.7). */
import { constants } from 'node:http2';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { codeOf } from '../connect/error-map.ts';

const {
  NGHTTP2_COMPRESSION_ERROR,
  NGHTTP2_FLOW_CONTROL_ERROR,
  NGHTTP2_FRAME_SIZE_ERROR,
  NGHTTP2_HTTP_1_1_REQUIRED,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_REFUSED_STREAM,
  NGHTTP2_STREAM_CLOSED,
} = constants;

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

/** The error of a stream that was reset, by the backend or over what it sent. */
export function streamError(code: number, context: StreamContext, cause?: unknown): ReverseItError {
  const details = { http2: codeName(code) };
  if (context.headSeen) {
    return isViolation(code) && !context.incomplete
      ? createError('RIT_ERR_UPSTREAM_PROTOCOL', undefined, { cause, details })
      : createError('RIT_ERR_UPSTREAM_TRUNCATED', undefined, { cause, details });
  }
  if (code === NGHTTP2_REFUSED_STREAM) return refused(cause);
  if (isViolation(code))
    return createError('RIT_ERR_UPSTREAM_PROTOCOL', undefined, { cause, details });
  return createError('RIT_ERR_UPSTREAM_RESET', 'backend reset the stream before responding', {
    cause,
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

/** Whether the error of a stream is that of its session, or of the socket. */
export function concernsSession(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return false;
  return isSessionCode(code) || !code.startsWith('ERR_HTTP2_');
}

/** Whether a request was not sent because its session takes no more of them. */
export function isExhausted(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === 'ERR_HTTP2_INVALID_SESSION' ||
    code === 'ERR_HTTP2_GOAWAY_SESSION' ||
    code === 'ERR_HTTP2_OUT_OF_STREAMS'
  );
}

/** What a session failed with. Where it is no failure of the socket, the backend broke the protocol. */
export function brokenSession(cause: unknown): unknown {
  const code = codeOf(cause);
  return code !== undefined && isSessionCode(code)
    ? createError('RIT_ERR_UPSTREAM_PROTOCOL', undefined, { cause })
    : cause;
}

function isSessionCode(code: string): boolean {
  return code === 'ERR_HTTP2_ERROR' || code === 'ERR_HTTP2_SESSION_ERROR';
}

/** Codes that say that a peer broke the protocol. node:http2 gives ours the same way as the backend's. */
function isViolation(code: number): boolean {
  switch (code) {
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_STREAM_CLOSED:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
    case NGHTTP2_HTTP_1_1_REQUIRED:
      return true;
    default:
      return false;
  }
}
