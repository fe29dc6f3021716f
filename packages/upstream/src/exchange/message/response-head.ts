/**
 * What a response head says of its body and of the connection, beyond doubt (RFC 9112 §6.3, §9.3). Pure;
 * takes fields whose names are tokens and whose values hold no control character.
 */
import { createError, overLimit, type ReverseItError } from '@reverseit/core/errors';
import {
  authenticatesConnection,
  equalsIgnoreCase,
  FIELD,
  fieldEntry,
  getFieldValues,
  type HeaderSection,
  hasField,
  type ReadonlyFieldSection,
  readDecimal,
  readTokenList,
  sectionSize,
  trimOws,
} from '@reverseit/core/http';
import type { UpstreamResponseHead } from './upstream-response.ts';

/** Longest interim head (RFC 9110 §15.2), in bytes. */
const maxInterimHeadBytes = 16_384;

/** A final head, and what its framing says of the connection. */
export interface CheckedHead extends UpstreamResponseHead {
  /** Whether the connection may carry another request (RFC 9112 §9.3). */
  readonly persistent: boolean;
  /** Whether the end of the connection is the end of the body (RFC 9112 §6.3, rule 8). */
  readonly untilClose: boolean;
  /** How long the backend keeps the connection when idle, in whole seconds; -1 where it does not say. */
  readonly idleHint: number;
  /** Whether the backend offers to authenticate the connection, or has (RFC 4559). */
  readonly offersLogin: boolean;
}

/** Checks the head of a final response. Answers an error where the response must not be used. */
export function readHead(
  status: number,
  reason: string,
  headers: HeaderSection,
  isHead: boolean,
  httpVersion: UpstreamResponseHead['httpVersion'],
  maxBodySize: number,
): CheckedHead | ReverseItError {
  const isHttp10 = httpVersion === '1.0';
  const framing = readFraming(headers.fields, isHttp10);
  if (framing.error !== '') return malformed(framing.error);

  const { length, chunked, close, keepAlive, idleHint } = framing;
  const bodiless = isHead || status === 204 || status === 304;
  const untilClose = !bodiless && !chunked && length === -1;
  if (!bodiless && length > maxBodySize) return bodyTooLarge(maxBodySize, length);
  let persistent = idleHint !== 0 && !close && !untilClose && (!isHttp10 || keepAlive);
  // RFC 9110 §8.6, RFC 9112 §6.1: a 204 announces no body, as a 304 may. What it announces may yet follow,
  // and would be taken for the next response.
  if (status === 204 && !isHead && (length > 0 || chunked)) persistent = false;

  return {
    status,
    httpVersion,
    reason: isPrintable(reason) ? reason : '',
    headers,
    fields: headers.fields,
    contentLength: bodiless ? 0 : length === -1 ? null : length,
    persistent,
    untilClose,
    idleHint,
    offersLogin: framing.offersLogin,
  };
}

/** What the fields say of body and connection. */
interface Framing {
  /** Why the response must not be used; empty where nothing is wrong. */
  error: string;
  /** -1 where there is no content-length. */
  length: number;
  chunked: boolean;
  close: boolean;
  keepAlive: boolean;
  idleHint: number;
  offersLogin: boolean;
}

function readFraming(fields: ReadonlyFieldSection, isHttp10: boolean): Framing {
  const framing: Framing = {
    error: '',
    length: -1,
    chunked: false,
    close: false,
    keepAlive: false,
    idleHint: -1,
    offersLogin: false,
  };
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1] as string;
    const { id, auth } = fieldEntry(fields[i] as string);
    if (id === FIELD.CONTENT_LENGTH) readContentLength(framing, value);
    else if (id === FIELD.TRANSFER_ENCODING) readTransferEncoding(framing, value);
    else if (id === FIELD.CONNECTION) readConnection(framing, value);
    else if (id === FIELD.KEEP_ALIVE) readKeepAlive(framing, value);
    else if (auth === 'challenge' && authenticatesConnection(value)) framing.offersLogin = true;
  }
  if (framing.chunked) {
    if (framing.length !== -1) framing.error = 'both transfer-encoding and content-length';
    // RFC 9112 §6.1: a transfer coding in an HTTP/1.0 message is faulty framing.
    else if (isHttp10) framing.error = 'transfer-encoding in HTTP/1.0';
  }
  return framing;
}

function readContentLength(framing: Framing, value: string): void {
  if (framing.length !== -1) framing.error = 'content-length repeated';
  framing.length = readDecimal(value);
  if (framing.length === -1) framing.error = 'content-length is not a number';
}

function readTransferEncoding(framing: Framing, value: string): void {
  if (framing.chunked) framing.error = 'transfer-encoding repeated';
  if (!equalsIgnoreCase(value, 'chunked')) framing.error = 'transfer coding other than chunked';
  framing.chunked = true;
}

function readConnection(framing: Framing, value: string): void {
  if (equalsIgnoreCase(value, 'keep-alive')) {
    framing.keepAlive = true;
    return;
  }
  const tokens: string[] = [];
  // A list that cannot be read is no reason to fail the response, only to distrust the connection.
  if (!readTokenList(value, tokens) || tokens.includes('close')) framing.close = true;
  if (tokens.includes('keep-alive')) framing.keepAlive = true;
}

/** `timeout` of a Keep-Alive field (RFC 2068 §19.7.1.1); the shortest counts. */
function readKeepAlive(framing: Framing, value: string): void {
  for (const part of value.split(',')) {
    const parameter = trimOws(part);
    if (!equalsIgnoreCase(parameter.slice(0, 8), 'timeout=')) continue;
    const seconds = readDecimal(parameter.slice(8));
    const known = framing.idleHint;
    if (seconds !== -1 && (known === -1 || seconds < known)) framing.idleHint = seconds;
  }
}

/** Whether a 101 says what was switched to: an Upgrade field that Connection names (RFC 9110 §7.8). */
export function namesProtocol(fields: ReadonlyFieldSection): boolean {
  if (!hasField(fields, 'upgrade')) return false;
  const tokens: string[] = [];
  for (const value of getFieldValues(fields, 'connection')) readTokenList(value, tokens);
  return tokens.includes('upgrade');
}

export function bodyTooLarge(max: number, seen: number): ReverseItError {
  return overLimit('RIT_ERR_UPSTREAM_BODY_TOO_LARGE', max, { limit: 'maxResponseBodySize', seen });
}

export function headTooLarge(max: number): ReverseItError {
  return overLimit('RIT_ERR_UPSTREAM_HEAD_TOO_LARGE', max, { limit: 'maxResponseHeaderBytes' });
}

/** Why an interim response is refused that brings the bytes of all of them to `total`; null where it is not. */
export function interimFault(
  fields: ReadonlyFieldSection,
  total: number,
  max: number,
): ReverseItError | null {
  if (sectionSize(fields) > maxInterimHeadBytes) return malformed('interim response too large');
  if (total <= max) return null;
  const text = `interim responses exceed maxInterimResponseBytes (${max})`;
  const details = { limit: 'maxInterimResponseBytes', max };
  return createError('RIT_ERR_UPSTREAM_HEAD_TOO_LARGE', text, { details });
}

export function malformed(what: string): ReverseItError {
  return createError('RIT_ERR_UPSTREAM_PROTOCOL', `backend sent a malformed response: ${what}`);
}

function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
