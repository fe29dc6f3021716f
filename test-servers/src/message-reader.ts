/**
 * What requests and responses have in common on the wire, read strictly: anything that RFC 9112 does
 * not allow a sender to send is a `MessageError`. A test peer that forgives hides faults.
 */
import { createHash } from 'node:crypto';
import type { SocketReader } from './socket-reader.ts';
import { quote } from './socket-reader.ts';

/** One field line, name and value as they came, without the white space around the value. */
export type RawField = readonly [name: string, value: string];

/** The message is not what RFC 9112 lets a sender send. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
}

/** How the end of a body is found (RFC 9112 §6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close';

/** What becomes of body bytes as they come. */
export interface BodyOptions {
  /** Keep the body's bytes; without it only length and digest are known. Default: true. */
  readonly keepBody?: boolean;
  /** Is told every piece of the body. */
  readonly onData?: (piece: Buffer) => void;
}

export interface ReadBody {
  /** The bytes, empty when they were not kept. */
  readonly body: Buffer;
  readonly bodyLength: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
  /** Sizes of the chunks, in order; empty unless chunked. */
  readonly chunks: readonly number[];
  readonly trailers: readonly RawField[];
}

/** What a whole request and a whole response have in common. */
export abstract class RawMessage implements ReadBody {
  readonly version: '1.0' | '1.1';
  readonly fields: readonly RawField[];
  readonly framing: Framing;
  readonly body: Buffer;
  readonly bodyLength: number;
  readonly sha256: string;
  readonly chunks: readonly number[];
  readonly trailers: readonly RawField[];

  constructor(
    head: { readonly version: '1.0' | '1.1'; readonly fields: readonly RawField[] },
    framing: Framing,
    read: ReadBody,
  ) {
    this.version = head.version;
    this.fields = head.fields;
    this.framing = framing;
    this.body = read.body;
    this.bodyLength = read.bodyLength;
    this.sha256 = read.sha256;
    this.chunks = read.chunks;
    this.trailers = read.trailers;
  }

  /** The value of a field that stands at most once; fails when it is repeated. */
  header(name: string): string | undefined {
    return soleValue(this.fields, name);
  }

  /** Every value of a field, in order. */
  headers(name: string): string[] {
    return valuesOf(this.fields, name);
  }

  /** The body as UTF-8. */
  get text(): string {
    return this.body.toString('utf8');
  }
}

const maxLine = 1024 * 1024;
const maxFieldBytes = 16 * 1024 * 1024;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// HTAB, SP to ~, and the opaque bytes (RFC 9110 §5.5).
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** One line without its CRLF. A bare CR or LF inside it is an error. */
export async function readLine(source: SocketReader): Promise<string> {
  const bytes = await source.takeThrough('\n', maxLine);
  const line = bytes.toString('latin1');
  if (!line.endsWith('\r\n')) throw new MessageError(`bare LF ends ${quote(bytes)}`);
  const content = line.slice(0, -2);
  if (content.includes('\r')) throw new MessageError(`bare CR in ${quote(bytes)}`);
  return content;
}

/** Field lines up to and with the empty line (RFC 9112 §5). */
export async function readFields(source: SocketReader): Promise<RawField[]> {
  const fields: RawField[] = [];
  let length = 0;
  for (;;) {
    const line = await readLine(source);
    if (line === '') return fields;
    length += line.length;
    if (length > maxFieldBytes)
      throw new MessageError(`more than ${maxFieldBytes} bytes of fields`);
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
    if (colon < 0 || !token.test(name) || !fieldValue.test(value)) {
      throw new MessageError(`malformed field line ${JSON.stringify(line)}`);
    }
    fields.push([name, value]);
  }
}

/** Values of every field of that name, in order. */
export function valuesOf(fields: readonly RawField[], name: string): string[] {
  const wanted = name.toLowerCase();
  return fields.filter(([n]) => n.toLowerCase() === wanted).map(([, value]) => value);
}

/** The value of a field that may stand once; `undefined` when it is absent. */
export function soleValue(fields: readonly RawField[], name: string): string | undefined {
  const values = valuesOf(fields, name);
  if (values.length > 1) throw new MessageError(`${name} is repeated: ${values.join(' | ')}`);
  return values[0];
}

/** What the framing fields say: `chunked`, a length, or nothing. Anything doubtful is an error. */
export function framingFields(fields: readonly RawField[]): 'chunked' | number | undefined {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length > 0) {
    if (lengths.length > 0) throw new MessageError('Transfer-Encoding beside Content-Length');
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw new MessageError(`Transfer-Encoding: ${codings.join(' | ')}`);
    }
    return 'chunked';
  }
  if (lengths.length === 0) return undefined;
  const [length] = lengths;
  if (lengths.length > 1 || length === undefined || !/^[0-9]{1,15}$/.test(length)) {
    throw new MessageError(`Content-Length: ${lengths.join(' | ')}`);
  }
  return Number(length);
}

/** Reads a body of known framing. */
export async function readBody(
  source: SocketReader,
  framing: Framing,
  length: number,
  options: BodyOptions = {},
): Promise<ReadBody> {
  const sink = new BodySink(options);
  if (framing === 'length') await readSized(source, length, sink);
  else if (framing === 'until-close') await readToEnd(source, sink);
  else if (framing === 'chunked') {
    const chunks = await readChunks(source, sink);
    return sink.finish(chunks, await readFields(source));
  }
  return sink.finish([], []);
}

class BodySink {
  readonly #options: BodyOptions;
  readonly #hash = createHash('sha256');
  readonly #pieces: Buffer[] = [];
  #length = 0;

  constructor(options: BodyOptions) {
    this.#options = options;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    this.#hash.update(piece);
    if (this.#options.keepBody !== false) this.#pieces.push(piece);
    this.#options.onData?.(piece);
  }

  finish(chunks: readonly number[], trailers: readonly RawField[]): ReadBody {
    return {
      body: Buffer.concat(this.#pieces),
      bodyLength: this.#length,
      sha256: this.#hash.digest('hex'),
      chunks,
      trailers,
    };
  }
}

async function readSized(source: SocketReader, length: number, sink: BodySink): Promise<void> {
  let left = length;
  while (left > 0) {
    const piece = await source.some(left);
    if (piece === null) throw new MessageError(`body ended ${left} of ${length} bytes early`);
    sink.add(piece);
    left -= piece.length;
  }
}

async function readToEnd(source: SocketReader, sink: BodySink): Promise<void> {
  for (;;) {
    const piece = await source.some();
    if (piece === null) return;
    sink.add(piece);
  }
}

async function readChunks(source: SocketReader, sink: BodySink): Promise<number[]> {
  const sizes: number[] = [];
  for (;;) {
    const line = await readLine(source);
    if (!/^[0-9A-Fa-f]{1,12}$/.test(line)) {
      throw new MessageError(`chunk size line ${JSON.stringify(line)}`);
    }
    const size = Number.parseInt(line, 16);
    if (size === 0) return sizes;
    sizes.push(size);
    await readSized(source, size, sink);
    const end = await source.take(2);
    if (end.toString('latin1') !== '\r\n') {
      throw new MessageError(`${quote(end)} where a chunk's CRLF belongs`);
    }
  }
}
