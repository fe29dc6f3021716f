/**
 * The limits of a head, checked over the spans that llhttp has reported so far, so that they bind while
 * bytes arrive. Bytes without a span (blank lines, padding, doubled spaces) are counted too: a line
 * weighs what it takes on the wire, or name + 2 + value, whichever is more.
 */
import type { ErrorCode } from '../../errors/catalog.ts';
import { SPAN } from '../llhttp/constants.ts';

/** Limits of a header or trailer section. */
export interface FieldLimits {
  /** Longest field line: name + 2 + value, in bytes. */
  readonly maxRequestHeaderLineBytes: number;
  /** Sum of the field lines, in bytes. */
  readonly maxRequestHeaderBytes: number;
  /** Number of field lines. */
  readonly maxRequestHeaders: number;
}

/** Limits that apply while a request head is parsed. */
export interface RequestHeadLimits extends FieldLimits {
  /** Longest request target, in bytes. */
  readonly maxRequestTargetBytes: number;
}

/** So much of the line of a rejected request is kept for logs, in bytes. */
export const maxKeptLineBytes = 1024;

/**
 * What a request line may take beside its target: the longest method, the version, spaces and the line end.
 */
const requestLineOverhead = 48;

/**
 * Checks the head, complete or not, that stands in `bytes[origin, end)`, which the spans refer to.
 * Returns the code of the first limit that is passed, or null.
 */
export function checkHeadLimits(
  limits: RequestHeadLimits,
  bytes: Uint8Array,
  spans: Int32Array,
  used: number,
  origin: number,
  end: number,
): ErrorCode | null {
  if (used === 0) {
    return end - origin > requestLineOverhead ? 'RIT_ERR_REQUEST_LINE' : null;
  }
  const targetStart = spans[1] as number;
  const targetEnd = spans[2] as number;
  if (targetStart - origin > requestLineOverhead) return 'RIT_ERR_REQUEST_LINE';
  if (targetEnd - targetStart > limits.maxRequestTargetBytes) return 'RIT_ERR_TARGET_TOO_LONG';
  // A line end here is HTTP/0.9, whose request is complete: it must not wait for a head.
  if (targetEnd < end && bytes[targetEnd] !== 0x20) return 'RIT_ERR_REQUEST_LINE';
  const lineEnd = used === 3 ? end : (spans[4] as number);
  if (lineEnd - targetEnd > requestLineOverhead) return 'RIT_ERR_REQUEST_LINE';
  return checkFieldLimits(limits, spans, 3, used, end);
}

/**
 * Checks the field lines whose spans begin at `first`, in a section, complete or not, that ends at
 * `end`. Returns the code of the first limit that is passed, or null.
 */
export function checkFieldLimits(
  limits: FieldLimits,
  spans: Int32Array,
  first: number,
  used: number,
  end: number,
): ErrorCode | null {
  let count = 0;
  let sum = 0;
  let at = first;
  while (at < used) {
    const lineStart = spans[at + 1] as number;
    let size = (spans[at + 2] as number) - lineStart + 2;
    at += 3;
    if (at < used && spans[at] === SPAN.VALUE) {
      size += (spans[at + 2] as number) - (spans[at + 1] as number);
      at += 3;
    }
    // After the last line stand its end and the empty line, or as much of them as has come.
    const lineEnd = at < used ? (spans[at + 1] as number) - 2 : end - 4;
    const onWire = lineEnd - lineStart;
    if (onWire > size) size = onWire;
    sum += size;
    if (++count > limits.maxRequestHeaders) return 'RIT_ERR_TOO_MANY_FIELDS';
    if (size > limits.maxRequestHeaderLineBytes || sum > limits.maxRequestHeaderBytes) {
      return 'RIT_ERR_HEAD_TOO_LARGE';
    }
  }
  return null;
}
