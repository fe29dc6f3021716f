/**
 * The limits of a head, judged over the spans that llhttp has reported so far, so that they bind while
 * bytes arrive. Bytes without a span (blank lines, padding, doubled spaces) are counted too: a line
 * weighs what it takes on the wire, or name + 2 + value, whichever is more.
 */
import type { ErrorCode } from '../errors/catalog.ts';
import { SPAN } from './llhttp/constants.ts';

/** Limits that apply while a head is parsed. */
export interface RequestHeadLimits {
  /** Longest request target, in bytes. */
  readonly maxRequestTargetBytes: number;
  /** Longest field line: name + 2 + value, in bytes. */
  readonly maxRequestHeaderLineBytes: number;
  /** Sum of the field lines, in bytes. */
  readonly maxRequestHeaderBytes: number;
  /** Number of field lines. */
  readonly maxRequestHeaders: number;
}

/** What a request line may take beside its target: the longest method, the version, spaces and the line end. */
const requestLineOverhead = 48;

/**
 * Judges the head that stands in `[origin, end)` of the chunk that the spans refer to. `complete` says
 * that `end` is behind the empty line. Returns the code of the first limit that is passed, or null.
 */
export function checkHeadLimits(
  limits: RequestHeadLimits,
  spans: Int32Array,
  used: number,
  origin: number,
  end: number,
  complete: boolean,
): ErrorCode | null {
  if (used === 0) {
    return end - origin > requestLineOverhead ? 'RIT_ERR_REQUEST_LINE' : null;
  }
  const targetEnd = spans[2] as number;
  if (targetEnd - (spans[1] as number) > limits.maxRequestTargetBytes) {
    return 'RIT_ERR_TARGET_TOO_LONG';
  }
  if (used === 3) {
    return end - targetEnd > requestLineOverhead ? 'RIT_ERR_REQUEST_LINE' : null;
  }
  // The line end behind the last field: seen when the head is complete, allowed for when it is not.
  const lastLineEnd = end - 2;
  let count = 0;
  let sum = 0;
  let at = 3;
  while (at < used) {
    const lineStart = spans[at + 1] as number;
    let size = (spans[at + 2] as number) - lineStart + 2;
    at += 3;
    if (at < used && spans[at] === SPAN.VALUE) {
      size += (spans[at + 2] as number) - (spans[at + 1] as number);
      at += 3;
    }
    const lineEnd = at < used ? (spans[at + 1] as number) - 2 : lastLineEnd;
    const onWire = lineEnd - lineStart;
    if (onWire > size) size = onWire;
    sum += size;
    if (++count > limits.maxRequestHeaders) return 'RIT_ERR_TOO_MANY_FIELDS';
    if (size > limits.maxRequestHeaderLineBytes || sum > limits.maxRequestHeaderBytes) {
      return 'RIT_ERR_HEAD_TOO_LARGE';
    }
  }
  // The empty line belongs to no field.
  return complete || end - (spans[used - 1] as number) <= limits.maxRequestHeaderLineBytes + 4
    ? null
    : 'RIT_ERR_HEAD_TOO_LARGE';
}
