/**
 * Slips of those who write listeners: what TypeScript would have rejected is rejected with an error of ours,
 * before anything of it reaches the connection. Each check is a look at a type; contents are the caller's.
 */
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { HeaderSection } from '../../http/header-section.ts';
import { describe } from '../../options/faults.ts';

/** The error of a misuse. */
export function misuse(what: string): ReverseItError {
  return createError('RIT_ERR_INTERNAL', `exchange: ${what}`);
}

function expected(what: string, value: unknown): ReverseItError {
  return misuse(`expected ${what}, got ${describe(value)}`);
}

/** @throws StateError where it is no flat list of names and values */
export function checkFields(fields: unknown): void {
  if (!Array.isArray(fields)) throw expected('fields as a list [name, value, …]', fields);
  if (fields.length % 2 !== 0) throw misuse('fields must hold a value for each name');
}

/** @throws StateError where no final head can be made of them */
export function checkHead(
  status: unknown,
  reason: unknown,
  fields: unknown,
  contentLength: unknown,
): void {
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) {
    throw misuse('the status of a final response must be an integer from 200 to 599');
  }
  if (status < 200) throw misuse('an interim status needs sendInterim, not a final response');
  if (typeof reason !== 'string') throw expected('a reason phrase, such as ""', reason);
  if (!(fields instanceof HeaderSection)) checkFields(fields);
  if (contentLength !== null && !isCount(contentLength)) {
    throw expected('a content length in bytes, or null if unknown', contentLength);
  }
}

/** @throws StateError where no interim head can be made of them. 101 is `switchProtocols`. */
export function checkInterim(status: unknown, fields: unknown): void {
  if (!isCount(status) || status < 100 || status > 199 || status === 101) {
    throw misuse('an interim status must be an integer from 100 to 199 other than 101');
  }
  checkFields(fields);
}

/** @throws StateError */
export function checkChunk(chunk: unknown): void {
  if (!Buffer.isBuffer(chunk)) throw expected('body data as a Buffer', chunk);
}

/** @throws StateError */
export function checkBody(body: unknown): void {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw expected('a body as a string or a Buffer', body);
  }
}

/** @throws StateError */
export function checkIdleTimeout(ms: unknown): void {
  if (typeof ms !== 'number' || !(ms >= 0)) {
    throw expected('a time in ms for readBody, 0 for none', ms);
  }
}

/** @throws StateError */
export function checkByteCount(bytes: unknown): void {
  if (typeof bytes !== 'number' || !(bytes >= 0)) throw expected('a number of bytes', bytes);
}

/** @throws StateError */
export function checkTunnel(tunnel: unknown): void {
  if (!hasMethods(tunnel, 'shutdown', 'destroy')) {
    throw expected('a tunnel {shutdown, destroy}', tunnel);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function')
  );
}
