/**
 * A desync amplifier: a backend as naive as any in the field. It takes bare LF for a line end, trims
 * names, joins folds, believes the first or the last length, reads numbers as far as they go, and
 * takes every left-over byte for a further request. What it believes it saw is what a smuggler hopes
 * for; behind a good proxy it sees what the client meant.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { ByteBuffer } from './byte-buffer.ts';
import { deferred, guarded } from './guard.ts';
import type { RawField } from './message-reader.ts';
import { closed, opened } from './registry.ts';

export interface LenientOriginOptions {
  /** Default: a free port. */
  readonly port?: number;
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Which framing field wins when both stand there. Default: `length`. */
  readonly prefer?: 'length' | 'chunked';
  /** Knows no Transfer-Encoding at all. Default: false. */
  readonly ignoresCoding?: boolean;
  /** Which of several lengths it takes. Default: `first`. */
  readonly takesLength?: 'first' | 'last';
  /** Ignores the body of these methods. Default: none. */
  readonly bodiless?: readonly string[];
  /** How many requests are kept. Default: 10 000. */
  readonly maxBelieved?: number;
}

/** A request as the naive backend understood it. */
export interface BelievedRequest {
  readonly connection: number;
  readonly method: string;
  readonly target: string;
  readonly fields: readonly RawField[];
  readonly body: Buffer;
}

export interface LenientOrigin {
  readonly url: string;
  readonly port: number;
  /** Requests in the order in which they were understood, on all connections. */
  readonly believed: readonly BelievedRequest[];
  /** Bytes that were received in all. */
  bytesReceived(): number;
  close(): Promise<void>;
}

/** Starts it and resolves once it listens. It answers every request that it believes in with 200. */
export async function startLenientOrigin(
  options: LenientOriginOptions = {},
): Promise<LenientOrigin> {
  const { host = '127.0.0.1', port: wantedPort = 0, maxBelieved = 10_000 } = options;
  const believed: BelievedRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let bytesReceived = 0;
  const server: Server = createServer((socket) => {
    const connection = connections;
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    const bytes = new ByteBuffer();
    socket.on('data', (chunk: Buffer) => {
      bytesReceived += chunk.length;
      bytes.append(chunk);
      for (;;) {
        const read = readLeniently(bytes.view(), options);
        if (read === null) return;
        bytes.skip(read.length);
        if (believed.length < maxBelieved) believed.push({ connection, ...read.request });
        const bodiless = read.request.method === 'HEAD';
        const text = `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n${bodiless ? '' : 'ok'}`;
        if (socket.writable) socket.write(text);
      }
    });
  });
  const listening = deferred();
  server.once('error', listening.reject);
  server.listen({ port: wantedPort, host }, listening.resolve);
  await guarded(listening.promise, 'the lenient origin to listen');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const origin: LenientOrigin = {
    url: `http://${host}:${port}`,
    port,
    believed,
    bytesReceived: () => bytesReceived,
    async close() {
      const gone = deferred();
      server.close(() => gone.resolve());
      for (const socket of sockets) socket.destroy();
      await guarded(gone.promise, 'the lenient origin to close');
      closed(origin);
    },
  };
  opened(origin, () => `lenient origin on port ${port}`);
  return origin;
}

type Understood = Omit<BelievedRequest, 'connection'>;

/** Reads one request from the front of the bytes; null when it seems not to be complete yet. */
export function readLeniently(
  bytes: Buffer,
  options: LenientOriginOptions = {},
): { request: Understood; length: number } | null {
  const text = bytes.toString('latin1');
  const blank = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
  const end = /\r?\n\r?\n/.exec(text.slice(blank));
  if (end === null) return null;
  const headEnd = blank + end.index + end[0].length;
  const [first = '', ...lines] = text
    .slice(blank, blank + end.index)
    .replace(/\r?\n[\t ]+/g, ' ')
    .split(/\r?\n/);
  const [method = '', target = ''] = first.trim().split(/\s+/);
  const fields = lines.map((line): RawField => {
    const colon = line.indexOf(':');
    return colon < 0
      ? [line.trim(), '']
      : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const body = lenientBody(bytes, headEnd, method, fields, options);
  if (body === null) return null;
  return { request: { method, target, fields, body: body.bytes }, length: body.end };
}

function lenientBody(
  bytes: Buffer,
  start: number,
  method: string,
  fields: readonly RawField[],
  options: LenientOriginOptions,
): { bytes: Buffer; end: number } | null {
  const values = (name: string): string[] =>
    fields.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
  const nothing = { bytes: Buffer.alloc(0), end: start };
  if (options.bodiless?.includes(method) === true) return nothing;
  const chunked =
    options.ignoresCoding !== true &&
    values('transfer-encoding').some((value) => /chunked/i.test(value));
  const lengths = values('content-length').flatMap((value) => value.split(','));
  const length = Number.parseInt(
    (options.takesLength === 'last' ? lengths.at(-1) : lengths[0]) ?? '',
    10,
  );
  const sized = Number.isFinite(length) && length >= 0;
  if (chunked && (!sized || options.prefer === 'chunked')) return lenientChunks(bytes, start);
  if (!sized) return nothing;
  if (bytes.length < start + length) return null;
  return { bytes: Buffer.from(bytes.subarray(start, start + length)), end: start + length };
}

function lenientChunks(bytes: Buffer, start: number): { bytes: Buffer; end: number } | null {
  const pieces: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16) || 0;
    at = lineEnd + 1;
    if (size === 0) {
      const last = /\r?\n/.exec(bytes.toString('latin1', at));
      return last === null
        ? null
        : { bytes: Buffer.concat(pieces), end: at + last.index + last[0].length };
    }
    if (bytes.length < at + size) return null;
    pieces.push(Buffer.from(bytes.subarray(at, at + size)));
    // Whatever stands where the CRLF belongs is skipped.
    at += size + 2;
  }
}
