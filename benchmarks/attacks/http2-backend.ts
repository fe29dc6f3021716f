/**
 * A hostile backend over HTTP/2, written out in frames because `node:http2` would be slower than the proxy
 * that it attacks (RFC 9113 §4.1). A connection takes one request, which is answered for ever.
 */
import type { Socket } from 'node:net';
import { pour, writeCounted } from './pour.ts';

export type Http2Hostility = 'data' | 'empty data' | 'interim' | 'pings' | 'settings';

const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8 } as const;
const flag = { ack: 1, endHeaders: 4 } as const;
const headBytes = 9;
const prefaceRest = 'SM\r\n\r\n'.length;
const initialWindow = 65_535;

function frame(kind: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const empty = Buffer.alloc(0);
/** SETTINGS_MAX_CONCURRENT_STREAMS: 1 (RFC 9113 §6.5.2). */
const oneStream = Buffer.from([0, 3, 0, 0, 0, 1]);
const connection = 0;

/** `:status: 200`, and `:status: 103`, as HPACK has them (RFC 7541 §6.1, §6.2.2). */
const ok = Buffer.from([0x88]);
const earlyHints = Buffer.from([0x08, 3, ...Buffer.from('103')]);

/** What is sent for ever, and whether a response has begun before it. */
const endless: Readonly<Record<Http2Hostility, (stream: number) => Buffer>> = {
  data: (stream) => frame(type.data, 0, stream, Buffer.from('a')),
  'empty data': (stream) => frame(type.data, 0, stream, empty),
  interim: (stream) => frame(type.headers, flag.endHeaders, stream, earlyHints),
  pings: () => frame(type.ping, 0, connection, Buffer.alloc(8)),
  settings: () => frame(type.settings, 0, connection, empty),
};

/** Answers the request on this connection; `early` is what came after the head of the preface. */
export function serveHttp2(socket: Socket, early: Buffer, hostility: Http2Hostility): void {
  let rest = early;
  /** Bytes of the preface that are still to come. */
  let preface = prefaceRest;
  let answer: Answer | null = null;

  const read = (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (rest.length < preface) return;
    rest = rest.subarray(preface);
    preface = 0;
    while (rest.length >= headBytes && rest.length >= headBytes + rest.readUIntBE(0, 3)) {
      const end = headBytes + rest.readUIntBE(0, 3);
      take(rest[3] ?? 0, rest[4] ?? 0, rest.readUInt32BE(5), rest.subarray(headBytes, end));
      rest = rest.subarray(end);
    }
  };
  const take = (kind: number, flags: number, stream: number, payload: Buffer): void => {
    if (kind === type.settings && (flags & flag.ack) === 0)
      socket.write(frame(type.settings, flag.ack, connection, empty));
    if (kind === type.ping && (flags & flag.ack) === 0)
      socket.write(frame(type.ping, flag.ack, connection, payload));
    if (kind === type.headers && answer === null) {
      answer = new Answer(socket, stream);
      answer.begin(hostility);
    }
    if (kind === type.reset) socket.destroy();
    if (kind === type.windowUpdate) answer?.widen(stream, payload.readUInt32BE(0));
  };

  socket.write(frame(type.settings, 0, connection, oneStream));
  socket.on('data', read);
  read(empty);
}

/** Frames that a block of DATA has; each takes a byte of both windows (RFC 9113 §5.2). */
const blockFrames = 6500;

class Answer {
  readonly #socket: Socket;
  readonly #stream: number;
  readonly #windows: { connection: number; stream: number };
  #block: Buffer | null = null;

  constructor(socket: Socket, stream: number) {
    this.#socket = socket;
    this.#stream = stream;
    this.#windows = { connection: initialWindow, stream: initialWindow };
  }

  begin(hostility: Http2Hostility): void {
    const piece = endless[hostility](this.#stream);
    if (hostility !== 'interim' && hostility !== 'pings' && hostility !== 'settings')
      this.#socket.write(frame(type.headers, flag.endHeaders, this.#stream, ok));
    if (hostility !== 'data') {
      pour(this.#socket, piece);
      return;
    }
    this.#block = Buffer.concat(Array.from({ length: blockFrames }, () => piece));
    this.#socket.on('drain', () => this.#send());
    this.#send();
  }

  widen(stream: number, bytes: number): void {
    if (stream === connection) this.#windows.connection += bytes;
    else this.#windows.stream += bytes;
    this.#send();
  }

  /** As much as the windows and the socket take. */
  #send(): void {
    const { connection: all, stream } = this.#windows;
    if (this.#block === null || this.#socket.writableNeedDrain || !this.#socket.writable) return;
    const frames = Math.min(all, stream, blockFrames);
    if (frames === 0) return;
    this.#windows.connection -= frames;
    this.#windows.stream -= frames;
    const bytes = (this.#block.length / blockFrames) * frames;
    if (writeCounted(this.#socket, this.#block.subarray(0, bytes))) this.#send();
  }
}
