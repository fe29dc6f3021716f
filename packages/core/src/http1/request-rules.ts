/**
 * What a complete head must satisfy before anybody sees it: Host, target, framing, persistence,
 * expectation (RFC 9112 §3, §6, §9). Everything is decided from the very list of fields that is
 * forwarded; all lines of a field are gathered before one is judged, and ambiguity is refused.
 */
import type { ErrorCode } from '../errors/catalog.ts';
import { equalsIgnoreCase } from '../http/ascii.ts';
import { isAuthority } from '../http/authority.ts';
import { readDecimal } from '../http/digits.ts';
import { readTokenList } from '../http/field-list.ts';
import type { RequestHead } from './request-head.ts';
import { normalizeTarget } from './request-target.ts';

/** More names than this in Connection are an attack on whoever compares them. */
const mostConnectionNames = 64;

/** Judges a head and completes it. Returns the code of the refusal, or null. */
export function applyRequestRules(head: RequestHead): ErrorCode | null {
  const { fields } = head;
  let host: string | null = null;
  let contentLength: string | null = null;
  let transferEncoding: string | null = null;
  let connection: string[] | null = null;
  let expectation: string | null = null;
  let hasUpgrade = false;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    // The length tells nearly all other fields apart without looking at their letters.
    switch (name.length) {
      case 4:
        if (equalsIgnoreCase(name, 'host')) {
          if (host !== null) return 'RIT_ERR_HOST';
          host = fields[i + 1] as string;
        }
        break;
      case 6:
        if (equalsIgnoreCase(name, 'expect')) {
          const value = fields[i + 1] as string;
          if (expectation !== null) return 'RIT_ERR_EXPECTATION';
          expectation = value;
        }
        break;
      case 7:
        if (equalsIgnoreCase(name, 'upgrade')) hasUpgrade = true;
        break;
      case 10:
        if (equalsIgnoreCase(name, 'connection')) {
          connection ??= [];
          if (!readTokenList(fields[i + 1] as string, connection)) return 'RIT_ERR_FIELD_SYNTAX';
        }
        break;
      case 14:
        if (equalsIgnoreCase(name, 'content-length')) {
          if (contentLength !== null) return 'RIT_ERR_CONTENT_LENGTH';
          contentLength = fields[i + 1] as string;
        }
        break;
      case 17:
        if (equalsIgnoreCase(name, 'transfer-encoding')) {
          if (transferEncoding !== null) return 'RIT_ERR_FRAMING_CONFLICT';
          transferEncoding = fields[i + 1] as string;
        }
        break;
    }
  }
  return (
    readMethod(head) ??
    readHost(head, host) ??
    normalizeTarget(head) ??
    readFraming(head, contentLength, transferEncoding) ??
    readConnection(head, connection, hasUpgrade) ??
    readExpectation(head, expectation)
  );
}

/** CONNECT asks for a tunnel, which a reverse proxy does not make (RFC 9110 §9.3.6). */
function readMethod(head: RequestHead): ErrorCode | null {
  return head.method === 'CONNECT' ? 'RIT_ERR_METHOD_UNKNOWN' : null;
}

/** RFC 9112 §3.2: exactly one valid Host on HTTP/1.1; HTTP/1.0 may go without. */
function readHost(head: RequestHead, host: string | null): ErrorCode | null {
  if (host === null) return head.minorVersion === 1 ? 'RIT_ERR_HOST' : null;
  if (!isAuthority(host)) return 'RIT_ERR_HOST';
  head.authority = host;
  return null;
}

/** RFC 9112 §6.3, with every ambiguity refused: the shapes of request smuggling. */
function readFraming(
  head: RequestHead,
  contentLength: string | null,
  transferEncoding: string | null,
): ErrorCode | null {
  if (transferEncoding !== null) {
    if (contentLength !== null) return 'RIT_ERR_FRAMING_CONFLICT';
    // RFC 9112 §6.1: a 1.0 recipient on the way may have ignored the coding.
    if (head.minorVersion === 0) return 'RIT_ERR_FRAMING_CONFLICT';
    if (!equalsIgnoreCase(transferEncoding, 'chunked')) return judgeCodings(transferEncoding);
    head.framing = 'chunked';
    head.contentLength = -1;
  } else if (contentLength !== null) {
    const length = readDecimal(contentLength);
    if (length === -1) return 'RIT_ERR_CONTENT_LENGTH';
    head.framing = 'length';
    head.contentLength = length;
  }
  // RFC 9110 §9.3.8: a client must not send content in TRACE.
  if (head.method === 'TRACE' && head.framing !== 'none') return 'RIT_ERR_FRAMING_CONFLICT';
  return null;
}

/** A well-formed coding list that we do not implement is 501; one that names chunked elsewhere than last, or twice, is an attack. */
function judgeCodings(value: string): ErrorCode {
  const codings: string[] = [];
  if (!readTokenList(value, codings) || codings.length === 0) return 'RIT_ERR_FRAMING_CONFLICT';
  const first = codings.indexOf('chunked');
  if (first !== -1 && first !== codings.length - 1) return 'RIT_ERR_FRAMING_CONFLICT';
  return codings.length === 1 && first === 0
    ? 'RIT_ERR_FRAMING_CONFLICT'
    : 'RIT_ERR_TRANSFER_CODING';
}

/** RFC 9112 §9.3: 1.1 persists unless told to close, 1.0 closes unless told to keep. */
function readConnection(
  head: RequestHead,
  options: string[] | null,
  hasUpgrade: boolean,
): ErrorCode | null {
  head.persistent = head.minorVersion === 1;
  if (options === null) return null;
  let close = false;
  for (const option of options) {
    if (option === 'close') close = true;
    else if (option === 'keep-alive') head.persistent = true;
    else if (option === 'upgrade') head.upgrade = hasUpgrade && head.minorVersion === 1;
    else {
      head.connectionNames ??= [];
      // Each name is compared with each field: thousands of both would cost milliseconds.
      if (head.connectionNames.push(option) > mostConnectionNames) return 'RIT_ERR_FIELD_SYNTAX';
    }
  }
  if (close) head.persistent = false;
  return null;
}

/** RFC 9110 §10.1.1: 100-continue is the only expectation there is; a 1.0 client cannot have one. */
function readExpectation(head: RequestHead, value: string | null): ErrorCode | null {
  if (value === null) return null;
  if (!equalsIgnoreCase(value, '100-continue')) return 'RIT_ERR_EXPECTATION';
  head.expectContinue = head.minorVersion === 1 && head.framing !== 'none';
  return null;
}
