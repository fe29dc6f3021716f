/**
 * What a complete head must satisfy before anybody sees it: Host, target, framing, persistence,
 * expectation (RFC 9112 §3, §6, §9). Everything is decided from the very list of fields that is
 * forwarded; all lines of a field are gathered before one is checked, and ambiguity is rejected.
 */
import type { ErrorCode } from '../../errors/catalog.ts';
import { equalsIgnoreCase } from '../../http/ascii.ts';
import { isAuthority } from '../../http/authority.ts';
import { readDecimal } from '../../http/digits.ts';
import { readTokenList } from '../../http/field-list.ts';
import { FIELD, type Field, fieldEntry } from '../../http/field-registry.ts';
import type { RequestHead } from './request-head.ts';
import { normalizeTarget } from './request-target.ts';

/** More names than this in Connection are an attack on whoever compares them. */
const maxConnectionNames = 64;

/** The lines of the fields that decide about a message, gathered before one of them is checked. */
interface DecidingFields {
  host: string | null;
  contentLength: string | null;
  transferEncoding: string | null;
  connection: string[] | null;
  expectation: string | null;
  hasUpgrade: boolean;
}

/** Validates a head and completes it. Returns the code of the rejection, or null. */
export function applyRequestRules(head: RequestHead): ErrorCode | null {
  const found: DecidingFields = {
    host: null,
    contentLength: null,
    transferEncoding: null,
    connection: null,
    expectation: null,
    hasUpgrade: false,
  };
  const { fields } = head;
  for (let i = 0; i < fields.length; i += 2) {
    const field = fieldEntry(fields[i] as string).id;
    if (field === FIELD.OTHER) continue;
    const code = gather(found, field, fields[i + 1] as string);
    if (code !== null) return code;
  }
  return (
    readMethod(head) ??
    readHost(head, found.host) ??
    normalizeTarget(head) ??
    readFraming(head, found.contentLength, found.transferEncoding) ??
    readConnection(head, found.connection, found.hasUpgrade) ??
    readExpectation(head, found.expectation)
  );
}

/** Keeps a deciding line. A second line of a field that must be single is rejected, not passed over. */
function gather(found: DecidingFields, field: Field, value: string): ErrorCode | null {
  switch (field) {
    case FIELD.HOST:
      if (found.host !== null) return 'RIT_ERR_HOST';
      found.host = value;
      return null;
    case FIELD.CONTENT_LENGTH:
      if (found.contentLength !== null) return 'RIT_ERR_CONTENT_LENGTH';
      found.contentLength = value;
      return null;
    case FIELD.TRANSFER_ENCODING:
      if (found.transferEncoding !== null) return 'RIT_ERR_FRAMING_CONFLICT';
      found.transferEncoding = value;
      return null;
    case FIELD.CONNECTION:
      found.connection ??= [];
      return readTokenList(value, found.connection) ? null : 'RIT_ERR_FIELD_SYNTAX';
    case FIELD.EXPECT:
      if (found.expectation !== null) return 'RIT_ERR_EXPECTATION';
      found.expectation = value;
      return null;
    case FIELD.UPGRADE:
      found.hasUpgrade = true;
      return null;
    default:
      return null;
  }
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

/** RFC 9112 §6.3, with every ambiguity rejected: the shapes of request smuggling. */
function readFraming(
  head: RequestHead,
  contentLength: string | null,
  transferEncoding: string | null,
): ErrorCode | null {
  if (transferEncoding !== null) {
    if (contentLength !== null) return 'RIT_ERR_FRAMING_CONFLICT';
    // RFC 9112 §6.1: a 1.0 recipient on the way may have ignored the coding.
    if (head.minorVersion === 0) return 'RIT_ERR_FRAMING_CONFLICT';
    if (!equalsIgnoreCase(transferEncoding, 'chunked')) return classifyCodings(transferEncoding);
    head.framing = 'chunked';
    head.contentLength = -1;
  } else if (contentLength !== null) {
    const length = readDecimal(contentLength);
    if (length === -1) return 'RIT_ERR_CONTENT_LENGTH';
    head.framing = 'length';
    head.contentLength = length;
  }
  // RFC 9110 §9.3.8: a client must not send a body in TRACE.
  if (head.method === 'TRACE' && head.framing !== 'none') return 'RIT_ERR_FRAMING_CONFLICT';
  return null;
}

/**
 * A well-formed coding list that we do not implement is 501; one that names chunked elsewhere than last, or
 * twice, is an attack.
 */
function classifyCodings(value: string): ErrorCode {
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
      if (head.connectionNames.push(option) > maxConnectionNames) return 'RIT_ERR_FIELD_SYNTAX';
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
