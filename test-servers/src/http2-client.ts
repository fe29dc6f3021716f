/** A client of HTTP/2 that sends the frames it is told to, right or wrong, and reads what comes. */
import { connect, type Socket } from 'node:net';
import { deferred, guarded } from './guard.ts';
import { readBlock } from './http2-block.ts';
import {
  block,
  CONTINUATION,
  clientPreface,
  DATA,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  uint32,
  WINDOW_UPDATE,
} from './http2-frames.ts';

/** No frame may be larger unless the peer says so (RFC 9113 §4.2). */
const maxFrameBytes = 16_384;

/** Codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
const codes = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT'],
  ...['STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR'],
  ...['CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
];

/** What has come on one stream. */
export interface StreamSeen {
  /** Interim responses, the final one, and trailers, as lists. */
  readonly sections: string[][];
  readonly body: string;
  readonly ended: boolean;
  /** The code of RST_STREAM; null where it was not reset. */
  readonly reset: number | null;
}

/** The pseudo-header fields of a GET. */
export const get = (path = '/'): string[] => [
  ...[':method', 'GET', ':scheme', 'http', ':path', path, ':authority', 'a'],
];
export const post = (path = '/'): string[] => [':method', 'POST', ...get(path).slice(2)];

export const reset = (id: number, code = 8): Buffer => frame(RST_STREAM, 0, id, uint32(code));
export const data = (id: number, content: string | Buffer = '', flags = 0): Buffer =>
  frame(DATA, flags, id, content);
export const end = (id: number, content = ''): Buffer => data(id, content, END_STREAM);
export const settings = (...pairs: readonly number[]): Buffer => {
  const payload = Buffer.alloc(pairs.length * 3);
  for (let i = 0; i < pairs.length; i += 2) {
    payload.writeUInt16BE(pairs[i] as number, i * 3);
    payload.writeUInt32BE(pairs[i + 1] as number, i * 3 + 2);
  }
  return frame(SETTINGS, 0, 0, payload);
};
export const windowUpdate = (id: number, increment: number): Buffer =>
  frame(WINDOW_UPDATE, 0, id, uint32(increment));
/** A request, complete unless `flags` say otherwise. */
export const headers = (
  id: number,
  fields: readonly string[] = get(),
  flags = END_HEADERS | END_STREAM,
): Buffer => frame(HEADERS, flags, id, block(...fields));
/** A request in as many frames as its head needs. */
export function requestFrames(
  id: number,
  fields: readonly string[],
  endStream: boolean,
): readonly Buffer[] {
  const bytes = block(...fields);
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += maxFrameBytes) {
    const type = at === 0 ? HEADERS : CONTINUATION;
    const isLast = at + maxFrameBytes >= bytes.length;
    const flags = (isLast ? END_HEADERS : 0) | (at === 0 && endStream ? END_STREAM : 0);
    frames.push(frame(type, flags, id, bytes.subarray(at, at + maxFrameBytes)));
  }
  return frames;
}
export const open = (id: number, fields: readonly string[] = post()): Buffer =>
  headers(id, fields, END_HEADERS);

export class Http2Client {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  closed = false;
  /** Whether the connection ended with a FIN or, if it has, with a reset. */
  error: Error | null = null;
  readonly #sections: { readonly id: number; readonly fields: string[] }[] = [];
  #bytes = Buffer.alloc(0);
  /** What has come of a header block. */
  #block = Buffer.alloc(0);
  #waiting: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      while (this.#next());
      this.#wake();
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Connects, and begins as RFC 9113 §3.4 has it, unless told to begin otherwise. */
  static async connect(port: number, beginning: Buffer = clientPreface()): Promise<Http2Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new Http2Client(socket);
    const connected = deferred();
    socket.on('connect', () => connected.resolve());
    await guarded(connected.promise, 'the connection');
    if (beginning.length > 0) socket.write(beginning);
    return client;
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  #next(): boolean {
    const bytes = this.#bytes;
    if (bytes.length < 9) return false;
    const length = 9 + bytes.readUIntBE(0, 3);
    if (bytes.length < length) return false;
    this.#bytes = bytes.subarray(length);
    const id = bytes.readUInt32BE(5);
    const seen = {
      type: bytes.readUInt8(3),
      flags: bytes.readUInt8(4),
      id,
      payload: bytes.subarray(9, length),
    };
    this.frames.push(seen);
    if (seen.type === HEADERS || seen.type === CONTINUATION) {
      this.#block = Buffer.concat([this.#block, seen.payload]);
      if ((seen.flags & END_HEADERS) === 0) return true;
      const fields = readBlock(this.#block);
      this.#block = Buffer.alloc(0);
      this.#sections.push({ id, fields });
    }
    return true;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wait of waiting) {
      if (wait.met()) wait.resolve();
      else this.#waiting.push(wait);
    }
  }

  until(met: () => boolean, what: string): Promise<void> {
    if (met()) return Promise.resolve();
    const done = deferred();
    this.#waiting.push({ met, resolve: () => done.resolve() });
    return guarded(done.promise, () => `${what}; came ${this.summary()}`);
  }

  /** All frames that have come, for messages. */
  summary(): string {
    const text = this.frames.map(({ type, id, flags, payload }) => {
      const code =
        type === GOAWAY ? payload.readUInt32BE(4) : payload.subarray(0, 4).toString('hex');
      return `${type}@${id}/${flags}:${code}`;
    });
    return `${text.join(' ')}${this.closed ? ' closed' : ''}`;
  }

  stream(id: number): StreamSeen {
    const frames = this.frames.filter((seen) => seen.id === id);
    const reset = frames.find(({ type }) => type === RST_STREAM);
    const content = frames.filter(({ type }) => type === DATA).map(({ payload }) => payload);
    return {
      sections: this.#sections.filter((section) => section.id === id).map(({ fields }) => fields),
      body: Buffer.concat(content).toString('latin1'),
      ended: frames.some(({ type, flags }) => type <= HEADERS && (flags & END_STREAM) !== 0),
      reset: reset === undefined ? null : reset.payload.readUInt32BE(0),
    };
  }

  /** A response to its end. */
  async response(id: number): Promise<StreamSeen & { readonly status: string }> {
    const isOver = (): boolean => this.stream(id).ended || this.stream(id).reset !== null;
    await this.until(() => isOver() || this.closed, `the response on ${id}`);
    const seen = this.stream(id);
    const status = seen.sections.map((fields) => fields[fields.indexOf(':status') + 1] ?? '');
    return { ...seen, status: status.findLast((text) => /^[2-5]\d\d$/.test(text)) ?? '' };
  }

  /** The code with which the stream was reset. */
  async resetOf(id: number): Promise<number | null> {
    await this.until(() => this.stream(id).reset !== null || this.closed, `a reset of ${id}`);
    return this.stream(id).reset;
  }

  goaway(): Frame | undefined {
    return this.frames.findLast(({ type }) => type === GOAWAY);
  }

  /** The code with which the connection was ended. */
  async goawayCode(): Promise<number | null> {
    const isError = (): boolean => {
      const payload = this.goaway()?.payload;
      return payload !== undefined && payload.readUInt32BE(0) !== 0x7fff_ffff;
    };
    await this.until(() => isError() || this.closed, 'a GOAWAY');
    return this.goaway()?.payload.readUInt32BE(4) ?? null;
  }

  /** Resolves when the server has answered a PING: it has dealt with all that was sent before. */
  async ponged(): Promise<void> {
    const count = this.frames.filter(({ type }) => type === PING).length;
    this.send(frame(PING, 0, 0, Buffer.alloc(8)));
    await this.until(
      () => this.frames.filter(({ type }) => type === PING).length > count || this.closed,
      'a PING',
    );
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.until(() => this.closed, 'the close');
  }
}

/** The name of a code of RFC 9113 §7. */
export function codeName(code: number | null): string {
  return codes[code ?? -1] ?? String(code);
}
