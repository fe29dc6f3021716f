/**
 * What a caller may have got wrong in a request, found before a connection is asked for and said in words.
 * What passes means the same to every transport.
 */
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import { equalsIgnoreCase, HeaderSection, isFieldValue, readDecimal } from '@reverseit/core/http';
import { asReverseItError } from '@reverseit/core/internal';
import { kindOf } from './kind-of.ts';
import { requestHead } from './request-head.ts';
import type { RequestInput, UpstreamRequest } from './upstream-request.ts';

type Body = UpstreamRequest['body'];

const noFields = HeaderSection.empty();

/** A request that may be sent, and its head in HTTP/1.1; or why it may not, and the source to cancel. */
export interface CheckedRequest {
  readonly request: UpstreamRequest;
  readonly fields: HeaderSection;
  readonly head: string;
  readonly error: ReverseItError | null;
}

/** How a request is to be sent. */
export interface RequestWay {
  /** `connectionLines`. */
  readonly connection: string;
  /** A handshake of a WebSocket, rather than an offer of some other protocol or none. */
  readonly isWebSocket: boolean;
}

export function checkRequest(input: RequestInput, way: RequestWay): CheckedRequest {
  const checker = new RequestChecker(way);
  const request = checker.read(input);
  const fields = checker.fault === '' ? sectionOf(request) : invalid(checker.fault);
  if (isReverseItError(fields)) return { request, fields: noFields, head: '', error: fields };
  const head = requestHead(request, fields, way.connection);
  const isHead = typeof head === 'string';
  return { request, fields, head: isHead ? head : '', error: isHead ? null : head };
}

/** The fields of a request, which need not have been checked. Answers an error where they are malformed. */
export function sectionOf({ fields }: UpstreamRequest): HeaderSection | ReverseItError {
  if (fields instanceof HeaderSection) return fields;
  try {
    return HeaderSection.from(fields);
  } catch (cause) {
    return asReverseItError(cause);
  }
}

class RequestChecker {
  /** The first thing that is wrong; empty while nothing is. */
  fault = '';
  readonly #way: RequestWay;

  constructor(way: RequestWay) {
    this.#way = way;
  }

  /** The request as the transports know it. Of a wrong one only the body is of use. */
  read(input: unknown): UpstreamRequest {
    if (typeof input !== 'object' || input === null) {
      this.#wrong(input, 'request', 'an object');
      return refusedRequest;
    }
    const { method, target, fields, body: given } = input as Partial<Record<string, unknown>>;
    if (typeof method !== 'string') this.#wrong(method, 'method', 'a string');
    if (typeof target !== 'string') this.#wrong(target, 'target', 'a string');
    // RFC 9110 §9.3.6: it would make the connection a tunnel, of which nobody is told.
    if (method === 'CONNECT') this.#add('method CONNECT cannot be sent');
    this.#checkFields(fields);
    const body = this.#readBody(given);
    if (this.#way.isWebSocket && method !== 'GET') this.#add('method of an upgrade must be GET');
    if (this.#way.isWebSocket && body !== null) this.#add('an upgrade has no body');
    if (this.fault !== '') return { ...refusedRequest, body };
    this.#checkValues(fields as UpstreamRequest['fields'], body);
    if (body === given) return input as UpstreamRequest;
    // The casts follow the checks above.
    return {
      ...(input as UpstreamRequest),
      method: method as string,
      target: target as string,
      fields: fields as UpstreamRequest['fields'],
      body,
    };
  }

  #checkFields(fields: unknown): void {
    if (fields instanceof HeaderSection) return;
    if (!Array.isArray(fields)) {
      this.#wrong(fields, 'fields', 'an array [name, value, name, value, …]');
      return;
    }
    if (fields.length % 2 !== 0) this.#add('fields must hold a value for each name');
    for (const [at, item] of fields.entries()) {
      if (typeof item !== 'string') this.#wrong(item, `fields[${at}]`, 'a string');
    }
  }

  /** Control characters, and a length that is not the body's. */
  #checkValues(fields: UpstreamRequest['fields'], body: Body): void {
    const list = fields instanceof HeaderSection ? fields.fields : fields;
    let lengths = 0;
    for (let i = 0; i < list.length; i += 2) {
      const value = list[i + 1] as string;
      if (!isFieldValue(value))
        this.#add(`fields[${i + 1}] contains a character that is not allowed in a header value`);
      if (!equalsIgnoreCase(list[i] as string, 'content-length')) continue;
      if (++lengths > 1) this.#add('fields contain content-length twice');
      else if (readDecimal(value) !== lengthOf(body)) {
        this.#add('content-length in fields differs from the length of the body');
      }
    }
  }

  /** In the form in which transports take it. */
  #readBody(body: unknown): Body {
    if (body === null || body === undefined) return null;
    if (Buffer.isBuffer(body)) return body;
    if (typeof body === 'string') return Buffer.from(body);
    if (body instanceof Uint8Array) {
      return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    }
    const fault = objectFault(body);
    if (fault === '') return body as Exclude<Body, Buffer>;
    this.#add(fault);
    return null;
  }

  #wrong(value: unknown, name: string, expected: string): void {
    this.#add(`${name} must be ${expected}, not ${kindOf(value)}`);
  }

  #add(fault: string): void {
    if (this.fault === '') this.fault = fault;
  }
}

/** Stands in for a request that is refused. */
const refusedRequest: UpstreamRequest = Object.freeze({
  method: 'GET',
  target: '/',
  fields: [],
  body: null,
});

/** What is wrong with a body that is neither a string nor bytes; empty where nothing is. */
function objectFault(body: unknown): string {
  const accepted = 'a string, a Uint8Array, a CollectedBody, a BodySource or null';
  if (typeof body !== 'object' || body === null || !('contentLength' in body)) {
    return `body must be ${accepted}, not ${kindOf(body)}`;
  }
  const { contentLength } = body;
  const isCollected = 'chunks' in body;
  const isLength = Number.isSafeInteger(contentLength) && Number(contentLength) >= 0;
  if (!isLength && (isCollected || contentLength !== null)) {
    return `body.contentLength must be a whole number${isCollected ? '' : ' or null'}, not ${kindOf(contentLength)}`;
  }
  const methods = isCollected ? collectedMethods : sourceMethods;
  for (const name of methods) {
    const method: unknown = Reflect.get(body, name);
    if (typeof method !== 'function')
      return `body.${name} must be a function, not ${kindOf(method)}`;
  }
  return isCollected ? chunksFault(body.chunks, contentLength) : '';
}

const collectedMethods = ['releaseChunk'] as const;
const sourceMethods = ['start', 'resume', 'cancel'] as const;

function chunksFault(chunks: unknown, contentLength: unknown): string {
  if (!Array.isArray(chunks)) return `body.chunks must be an array, not ${kindOf(chunks)}`;
  let length = 0;
  for (const chunk of chunks as unknown[]) {
    if (!(chunk instanceof Uint8Array)) {
      return `body.chunks must hold Buffers, not ${kindOf(chunk)}`;
    }
    length += chunk.length;
  }
  return length === contentLength ? '' : 'body.contentLength differs from the length of its chunks';
}

/** -1 where it is not known. */
function lengthOf(body: Body): number {
  if (body === null) return 0;
  if (Buffer.isBuffer(body)) return body.length;
  return body.contentLength ?? -1;
}

function invalid(fault: string): ReverseItError {
  return createError('RIT_ERR_INTERNAL', `invalid request: ${fault}`);
}
