/** Reads one request as a strict backend does, and keeps what it saw. */
import {
  type BodyOptions,
  type Framing,
  framingFields,
  MessageError,
  type RawField,
  RawMessage,
  type ReadBody,
  readBody,
  readFields,
  readLine,
} from './message-reader.ts';
import type { SocketReader } from './socket-reader.ts';

/** A request's first line and field lines. */
export interface RequestHeadSeen {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly fields: readonly RawField[];
}

/** A whole request as a backend saw it. */
export class RawRequest extends RawMessage implements RequestHeadSeen {
  readonly method: string;
  readonly target: string;

  constructor(head: RequestHeadSeen, framing: Framing, read: ReadBody) {
    super(head, framing, read);
    this.method = head.method;
    this.target = head.target;
  }
}

/** Reads a head. The first line must be exactly `method SP target SP HTTP/1.x`. */
export async function readRequestHead(source: SocketReader): Promise<RequestHeadSeen> {
  const line = await readLine(source);
  const parts = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/.exec(
    line,
  );
  if (parts === null) throw new MessageError(`request line ${JSON.stringify(line)}`);
  return {
    method: parts[1] ?? '',
    target: parts[2] ?? '',
    version: parts[3] === '0' ? '1.0' : '1.1',
    fields: await readFields(source),
  };
}

/** How long the body of a request is (RFC 9112 §6.3). */
export function requestFraming(head: RequestHeadSeen): { framing: Framing; length: number } {
  const said = framingFields(head.fields);
  if (said === undefined) return { framing: 'none', length: 0 };
  if (said === 'chunked') {
    if (head.version === '1.0') throw new MessageError('Transfer-Encoding in an HTTP/1.0 request');
    return { framing: 'chunked', length: 0 };
  }
  return { framing: 'length', length: said };
}

/** Reads a request's body, its head having been read. */
export async function readRequestBody(
  source: SocketReader,
  head: RequestHeadSeen,
  options: BodyOptions = {},
): Promise<RawRequest> {
  const { framing, length } = requestFraming(head);
  return new RawRequest(head, framing, await readBody(source, framing, length, options));
}

/** Reads a whole request. */
export async function readRequest(
  source: SocketReader,
  options: BodyOptions = {},
): Promise<RawRequest> {
  return readRequestBody(source, await readRequestHead(source), options);
}
