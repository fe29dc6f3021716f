/** Makes a request head of what a server of Node has parsed, and checks it as if we had parsed it. */
import type { IncomingMessage, Server } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import {
  equalsIgnoreCase,
  FIELD,
  type FieldSection,
  fieldEntry,
  getField,
  HeaderSection,
  hasField,
  sectionSize,
} from '@reverseit/core/http';
import { RequestHead, type RequestHeadLimits } from '@reverseit/core/http1';
import { validateRequestHead } from '@reverseit/core/internal';
import { isHttp2Request, type NodeRequest } from '../messages/node-messages.ts';
import { requestFields } from './request-fields.ts';

/** What the request line and the empty line weigh beside method and target. */
const lineBytes = '  HTTP/1.1\r\n\r\n'.length;

/** The default of `maxHeadersCount`. */
const defaultMaxHeaders = 1000;

/** Methods that Node's parser takes with `RTSP/1.0` only, which it then tells as HTTP/1.0. */
const rtspMethods: ReadonlySet<string> = new Set([
  'DESCRIBE',
  'ANNOUNCE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'TEARDOWN',
  'GET_PARAMETER',
  'SET_PARAMETER',
  'REDIRECT',
  'RECORD',
  'FLUSH',
]);

/** A head, and why it is rejected, if it is. */
export interface ValidatedHead {
  readonly head: RequestHead;
  readonly error: ReverseItError | null;
}

/**
 * Reads the head of a request. What counts is `url` and `headers`, which the application may have changed,
 * the latter in what it says otherwise than `rawHeaders`. Another `url` is that below a path.
 */
export function readNodeHead(
  request: NodeRequest,
  limits: RequestHeadLimits,
  url = request.url ?? '',
): ValidatedHead {
  const validated = isHttp2Request(request)
    ? readHttp2Head(request, limits, url)
    : readHttp1Head(request, limits, url);
  // Rejected or not, there may be a body to be read to its end.
  if (validated.error !== null) validated.head.contentLength = mayHaveBody(request) ? -1 : 0;
  return validated;
}

/** By what was sent: Node has framed it so, whatever has become of `headers`. */
function mayHaveBody(request: NodeRequest): boolean {
  if (isHttp2Request(request)) return !request.stream.endAfterHeaders;
  const { rawHeaders } = request;
  return hasField(rawHeaders, 'content-length') || hasField(rawHeaders, 'transfer-encoding');
}

function readHttp1Head(
  request: IncomingMessage,
  limits: RequestHeadLimits,
  url: string,
): ValidatedHead {
  const { httpVersionMajor: major, httpVersionMinor: minor } = request;
  const fields = requestFields(request);
  if (isReverseItError(fields)) return unreadable(request, url, fields);
  const head = makeHead(request, url, minor === 0 ? 0 : 1, fields);
  if (major !== 1 || (minor !== 0 && minor !== 1)) {
    return { head, error: createError('RIT_ERR_HTTP_VERSION') };
  }
  if (rtspMethods.has(head.method)) return { head, error: createError('RIT_ERR_METHOD_UNKNOWN') };
  return { head, error: refuseHidden(request) ?? validateRequestHead(head, limits) };
}

/**
 * Node frames by all fields, but tells only of so many: what lies after them is hidden from whoever
 * passes the request on, content-length and transfer-encoding included.
 */
export function refuseHidden({ rawHeaders, socket }: IncomingMessage): ReverseItError | null {
  const { server } = socket as { readonly server?: Partial<Server> };
  const most = server?.maxHeadersCount ?? defaultMaxHeaders;
  return most > 0 && rawHeaders.length / 2 >= most
    ? createError(
        'RIT_ERR_TOO_MANY_FIELDS',
        `request reaches the maxHeadersCount of the server (${most})`,
      )
    : null;
}

function readHttp2Head(
  request: Http2ServerRequest,
  limits: RequestHeadLimits,
  url: string,
): ValidatedHead {
  const sent = requestFields(request);
  if (isReverseItError(sent)) return unreadable(request, url, sent);
  const fields = http1Fields(sent);
  const head = makeHead(request, url, 1, fields ?? []);
  if (fields === null) return { head, error: createError('RIT_ERR_FIELD_SYNTAX') };
  const error = validateRequestHead(head, limits);
  if (error === null) frameByStream(head, request);
  return { head, error };
}

/** A head whose fields cannot be read. */
function unreadable(request: NodeRequest, url: string, error: ReverseItError): ValidatedHead {
  return { head: makeHead(request, url, 1, []), error };
}

/** The fields as HTTP/1.1 would have them (RFC 9113 §8.3.1); null where the request is malformed. */
function http1Fields(rawHeaders: readonly string[]): FieldSection | null {
  const fields: FieldSection = [];
  let authority: string | null = null;
  let cookies = '';
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    if (isForbidden(name, value)) return null;
    if (name === ':authority') authority = value;
    // RFC 9113 §8.2.3: crumbs of one field.
    else if (name === 'cookie') cookies = cookies === '' ? value : `${cookies}; ${value}`;
    else if (!name.startsWith(':')) fields.push(name, value);
  }
  if (cookies !== '') fields.push('cookie', cookies);
  // A Host that says something else is a second one, and rejected as such.
  if (authority !== null && getField(fields, 'host') !== authority) {
    fields.unshift('host', authority);
  }
  return fields;
}

/** RFC 9113 §8.2.2: fields of a connection make a request malformed. */
function isForbidden(name: string, value: string): boolean {
  const { forbiddenInHttp2, id } = fieldEntry(name);
  return forbiddenInHttp2 || (id === FIELD.TE && !equalsIgnoreCase(value, 'trailers'));
}

/** Where no length is told, the end of the stream ends the body. */
function frameByStream(head: RequestHead, request: Http2ServerRequest): void {
  if (head.framing !== 'none' || request.stream.endAfterHeaders) return;
  head.framing = 'chunked';
  head.contentLength = -1;
}

function makeHead(
  { method = '' }: NodeRequest,
  url: string,
  minorVersion: 0 | 1,
  fields: FieldSection,
): RequestHead {
  const size = lineBytes + method.length + url.length + sectionSize(fields) + fields.length;
  return new RequestHead(method, url, minorVersion, HeaderSection.parsed(fields), size);
}
