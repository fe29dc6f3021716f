/**
 * A backend's side of one connection, which costs next to nothing: it finds the end of each request, answers
 * with bytes that were made at the start, and parses nothing else. `/bytes/N` answers N bytes; `/seen` answers
 * the head of the request and a hash of its content; whoever asks for a WebSocket gets its frames echoed.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Socket } from 'node:net';

const blank = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('0\r\n\r\n');
const responses = new Map<number, Buffer>();

function response(bytes: number): Buffer {
  let whole = responses.get(bytes);
  if (whole === undefined) {
    whole = responseWith(Buffer.alloc(bytes, 'a'));
    responses.set(bytes, whole);
  }
  return whole;
}

function responseWith(content: Buffer): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${content.length}\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\nServer: bench\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), content]);
}

/** What a backend does instead, given the head of a request: it takes the connection over. */
export type TakeOver = (socket: Socket, head: string, early: Buffer) => void;

/** Answers requests until one asks for a WebSocket, or is one of those that something else is done for. */
export class HttpService {
  readonly #socket: Socket;
  readonly #special: (head: string) => TakeOver | undefined;
  #rest: Buffer = Buffer.alloc(0);
  /** What the request under way is answered with, once its content has come. */
  #answer: Buffer | null = null;
  /** Bytes of content still to come; -1: chunked. */
  #content = 0;
  /** The head of a request that asks what was seen of it, and the hash of its content. */
  #seen: { readonly head: string; readonly hash: Hash } | null = null;
  readonly #onData = (chunk: Buffer): void => {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#readHead() && this.#readBody()) this.#reply();
  };

  constructor(socket: Socket, special: (head: string) => TakeOver | undefined = noneSpecial) {
    this.#socket = socket;
    this.#special = special;
    socket.on('data', this.#onData).on('error', () => socket.destroy());
  }

  /** Whether a request is under way. */
  #readHead(): boolean {
    if (this.#answer !== null) return true;
    const end = this.#rest.indexOf(blank);
    if (end === -1) return false;
    const head = this.#rest.toString('latin1', 0, end + 2);
    this.#rest = this.#rest.subarray(end + 4);
    const takeOver = this.#special(head) ?? (keyOf(head) === undefined ? undefined : echo);
    if (takeOver !== undefined) {
      this.#socket.off('data', this.#onData);
      takeOver(this.#socket, head, this.#rest);
      return false;
    }
    this.#answer = response(Number(/ \/bytes\/(\d+)/.exec(head)?.[1] ?? 24));
    this.#content = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#content = -1;
    if (head.includes('/seen?')) this.#seen = { head, hash: createHash('sha1') };
    return true;
  }

  /** Whether its content has come. */
  #readBody(): boolean {
    const rest = this.#rest;
    if (this.#content === -1) {
      // Only the end matters.
      const ended = rest.length >= 5 && rest.subarray(-5).equals(lastChunk);
      this.#rest = rest.subarray(ended ? rest.length : -5);
      return ended;
    }
    const taken = Math.min(rest.length, this.#content);
    this.#content -= taken;
    this.#seen?.hash.update(rest.subarray(0, taken));
    this.#rest = rest.subarray(taken);
    return this.#content === 0;
  }

  #reply(): void {
    if (this.#seen !== null) {
      const { head, hash } = this.#seen;
      this.#seen = null;
      this.#answer = responseWith(Buffer.from(`${head}\r\n${hash.digest('hex')}`, 'latin1'));
    }
    if (this.#answer !== null) this.#socket.write(this.#answer);
    this.#answer = null;
  }
}

const noneSpecial = (): undefined => undefined;

const keyOf = (head: string): string | undefined =>
  /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1];

/** Answers the handshake that a head asks for (RFC 6455 §4.2.2). */
export function acceptWebSocket(socket: Socket, head: string): void {
  const accept = createHash('sha1').update(`${keyOf(head)}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
  );
}

const echo: TakeOver = (socket, head, early) => {
  acceptWebSocket(socket, head);
  new EchoService(socket, early);
};

/** Echoes masked frames without their masks. */
class EchoService {
  readonly #socket: Socket;
  #rest: Buffer;

  constructor(socket: Socket, early: Buffer) {
    this.#socket = socket;
    this.#rest = early;
    socket.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      while (this.#echoFrame());
    });
    while (this.#echoFrame());
  }

  /** False: the next frame is not complete. */
  #echoFrame(): boolean {
    const rest = this.#rest;
    if (rest.length < 2) return false;
    const short = (rest[1] ?? 0) & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = 2 + extended + 4;
    if (rest.length < start) return false;
    const length = payloadLength(rest, short);
    if (rest.length < start + length) return false;
    const frame = Buffer.allocUnsafe(2 + extended + length);
    rest.copy(frame, 0, 0, 2 + extended);
    frame[1] = short;
    for (let i = 0; i < length; i++) {
      frame[2 + extended + i] = (rest[start + i] ?? 0) ^ (rest[start - 4 + (i & 3)] ?? 0);
    }
    this.#socket.write(frame);
    this.#rest = rest.subarray(start + length);
    return true;
  }
}

function payloadLength(frame: Buffer, short: number): number {
  if (short === 126) return frame.readUInt16BE(2);
  return short === 127 ? frame.readUInt32BE(6) : short;
}
