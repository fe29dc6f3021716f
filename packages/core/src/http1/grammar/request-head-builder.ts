/** Spans to a request head: one latin1 decode of the whole head, then substrings. */
import type { ErrorCode } from '../../errors/catalog.ts';
import type { RequestHeadLimits } from './head-limits.ts';
import { readHeaderSection } from './read-fields.ts';
import { RequestHead } from './request-head.ts';

const versionPrefix = ' HTTP/';
/** ` HTTP/1.1` and the line end. */
const versionLength = 11;

/**
 * Builds the head that stands in `bytes[origin, end)`, or returns the code of a rejection that needs the
 * raw request line: llhttp takes several spaces and other protocols' versions without a word.
 */
export function buildRequestHead(
  bytes: Buffer,
  origin: number,
  end: number,
  spans: Int32Array,
  used: number,
): RequestHead | ErrorCode {
  const text = bytes.toString('latin1', origin, end);
  const targetStart = (spans[1] as number) - origin;
  const targetEnd = (spans[2] as number) - origin;
  const fieldsStart = used > 3 ? (spans[4] as number) - origin : end - origin - 2;
  const method = text.substring(0, targetStart - 1);
  // RFC 9112 §3: single spaces only.
  if (text.charCodeAt(targetStart - 1) !== 0x20 || method.includes(' ')) {
    return 'RIT_ERR_REQUEST_LINE';
  }
  if (!text.startsWith(versionPrefix, targetEnd) || fieldsStart - targetEnd !== versionLength) {
    return 'RIT_ERR_REQUEST_LINE';
  }
  const minor = text.charCodeAt(targetEnd + 8) - 0x30;
  if (text.charCodeAt(targetEnd + 6) !== 0x31 || (minor !== 0 && minor !== 1)) {
    return 'RIT_ERR_HTTP_VERSION';
  }
  const headers = readHeaderSection(text, origin, spans, 3, used);
  if (typeof headers === 'string') return headers;
  const target = text.substring(targetStart, targetEnd);
  return new RequestHead(method, target, minor, headers, end - origin);
}

/** The message of a rejected limit: names the option and its value, never the input. */
export function refusal(code: ErrorCode, limits: RequestHeadLimits): string | undefined {
  switch (code) {
    case 'RIT_ERR_TARGET_TOO_LONG':
      return `request target exceeds maxRequestTargetBytes (${limits.maxRequestTargetBytes})`;
    case 'RIT_ERR_TOO_MANY_FIELDS':
      return `request has more than maxRequestHeaders (${limits.maxRequestHeaders}) fields`;
    case 'RIT_ERR_HEAD_TOO_LARGE':
      return `request header section exceeds maxRequestHeaderLineBytes (${limits.maxRequestHeaderLineBytes}) or maxRequestHeaderBytes (${limits.maxRequestHeaderBytes})`;
    case 'RIT_ERR_TRAILERS_TOO_LARGE':
      return `request trailer section exceeds the limits of a header section (maxRequestHeaderLineBytes ${limits.maxRequestHeaderLineBytes}, maxRequestHeaderBytes ${limits.maxRequestHeaderBytes}, maxRequestHeaders ${limits.maxRequestHeaders})`;
    default:
      return undefined;
  }
}
