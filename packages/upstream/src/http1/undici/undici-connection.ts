/**
 * A connection over undici: one socket, and one Client that will never have another. The Client writes
 * requests and parses responses; the socket is ours, so that we know when it is connected, what was read
 * from it and when it is gone, and can hold its bytes back.
 *
 * Reads are gated at the socket: undici asks for bytes with `socket.read()`, and gets none while the response
 * is paused and none while no request is under way. Heads are read before it; what it gets is a head that
 * frames the content (framing-head.ts), and the content. Plain sockets read into our own buffer and past the
 * stream between it and undici, which is told of bytes by `readable` all the same; over TLS the stream is what
 * it is. Pausing undici's parser instead would report a response that ended while paused as broken.
 */
import type { Socket } from 'node:net';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { hasField } from '@reverseit/core/http';
import {
  type ByteReader,
  COST,
  HeldBytes,
  letReadInto,
  ReadBuffer,
  releaseBytes,
} from '@reverseit/core/internal';
import { Client } from 'undici';
import type { SocketSource } from '../../connect/connector.ts';
import type { ConnectionOwner } from '../../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { bodySource, withoutTrailers } from '../../exchange/message/collected-body.ts';
import { type CheckedHead, malformed } from '../../exchange/message/response-head.ts';
import { WriteGuard } from '../../node-internals/write-guard.ts';
import { Http1Connection } from '../http1-connection.ts';
import { ResponseHeads } from '../response-heads.ts';
import { Bite } from './bite.ts';
import { framingHead, switchHead, withHead } from './framing-head.ts';
import { UndiciHandler } from './undici-handler.ts';
import { UndiciUpload } from './undici-upload.ts';

type ConnectCallback = (...result: [null, Socket] | [Error, null]) => void;

/**
 * undici's own timers are off: ours decide. A reuse that it would refuse for a short hint is ours to judge.
 */
const clientOptions = {
  allowH2: false,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 2 ** 31 - 1,
  keepAliveMaxTimeout: 2 ** 31 - 1,
  keepAliveTimeoutThreshold: -(2 ** 31),
  // Trailers are counted exactly by the handler, and what undici holds of them is bounded here.
  maxHeaderSize: Number.MAX_SAFE_INTEGER,
};

const asteriskRefused = 'undici cannot send the target "*"; use transport: "direct"';
/** The Client never connects by itself nor names a host: TLS, SNI and Host are decided by us. */
const clientUrl = new URL('http://backend.invalid');

export class UndiciConnection extends Http1Connection implements ByteReader {
  readonly heads = new ResponseHeads();
  readonly #client: Client;
  readonly #handler = new UndiciHandler(this);
  /** Null where the socket reads into memory of its own, a new one each time. */
  #readBuffer: ReadBuffer | null = new ReadBuffer(this);
  readonly #secure: boolean;
  /** What was read past the stream, until undici takes it; meanwhile the socket is not read. */
  readonly #unread = new HeldBytes();
  /** undici has the socket. */
  #isGiven = false;
  /** Whether any byte of a response to the present request was taken. */
  #seen = false;
  #guard: WriteGuard | null = null;
  #paused = false;
  /** Bytes that undici's parser has, all of them of a body: neither a head nor trailers, which it keeps. */
  #bodyRead: Buffer | null = null;
  /** Where the latest of its chunks ends, all of which have been released. */
  #returned = 0;
  /** Where the latest chunk ends that undici has reported, in its memory. */
  #chunkEnd = 0;
  readonly #bite = new Bite();
  /** undici is inside its parser with bytes of this connection, and will ask for more by itself. */
  #parsing = false;
  #readSocket: (() => Buffer | null) | null = null;

  constructor(owner: ConnectionOwner, connector: SocketSource) {
    super(owner, connector);
    this.#secure = connector.origin.secure;
    this.#client = new Client(clientUrl, {
      ...clientOptions,
      connect: (_, callback) => this.#connect(callback as ConnectCallback),
    });
  }

  get responseStarted(): boolean {
    return this.#seen || this.#unread.length > 0 || (this.socket?.readableLength ?? 0) > 0;
  }

  protected send(exchange: DispatchedExchange): void {
    if (exchange.request.target === '*') {
      exchange.onFailed(createError('RIT_ERR_INTERNAL', asteriskRefused));
    } else if (this.state !== 'connecting') this.#dispatch(exchange);
    else this.open(this.#secure ? undefined : this.#readBuffer?.onread);
  }

  /** Gives the request to undici, and with the first the socket: of one that is aborted it gives nothing back. */
  #dispatch(exchange: DispatchedExchange): void {
    const { method, target, body } = exchange.request;
    let headers = exchange.fields.fields as string[];
    let sent: Buffer | UndiciUpload | null = null;
    if (body === null || Buffer.isBuffer(body)) sent = body;
    else {
      const source = bodySource(withoutTrailers(body), exchange.repeatable);
      sent = new UndiciUpload(exchange, source, this);
      headers = withLength(headers, source.contentLength);
    }
    this.#client.dispatch(
      {
        method,
        path: target,
        headers,
        // A duck-typed stream, see undici-upload.ts.
        body: sent as Buffer | null,
        // Else undici closes after every HEAD and after every body on a method that has none by custom.
        reset: exchange.oneShot,
        upgrade: exchange.upgrading ? exchange.protocol : null,
      },
      this.#handler,
    );
  }

  /** undici is about to write the request. */
  begin(exchange: DispatchedExchange): void {
    this.state = 'busy';
    this.#seen = false;
    this.#bite.reset(exchange.limits.maxResponseHeaderBytes);
    this.heads.begin(exchange);
    exchange.onBegin();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Not at once: undici's parser is one for all connections and must not be entered from within.
    if (!this.#parsing && !this.share.waiting) process.nextTick(pump, this);
  }

  onTurn(): void {
    this.pump();
  }

  /** Makes undici read, unless it is held back again. */
  pump(): void {
    if (this.#paused || this.#parsing || this.share.waiting) return;
    if (this.state === 'busy') this.socket?.emit('readable');
  }

  protected onReleased(): void {
    this.#paused = false;
    // More than was asked for: nothing on this connection can be trusted any more.
    if (this.#unread.length > 0) this.ended = true;
  }

  #connect(callback: ConnectCallback): void {
    // Not at once: undici would not go on by itself.
    process.nextTick(giveSocket, this, callback);
  }

  giveSocket(callback: ConnectCallback): void {
    const { socket } = this;
    if (this.#isGiven || socket === null) {
      // undici would connect anew, for a request that it had not yet written.
      callback(createError('RIT_ERR_UPSTREAM_RESET'), null);
      return;
    }
    this.#isGiven = true;
    socket.off('readable', this.#onUnasked);
    callback(null, socket);
  }

  protected onReady(socket: Socket): void {
    if (this.#secure && !letReadInto(socket, (this.#readBuffer as ReadBuffer).onread)) {
      this.#readBuffer = null;
    }
    if (this.exchange !== null) this.#dispatch(this.exchange);
    // Until undici listens.
    else if (this.#readBuffer === null) socket.on('readable', this.#onUnasked);
  }

  readonly #onUnasked = (): void => {
    this.#read();
  };

  protected onEnd(): void {
    // undici sees the end for itself, and reports what it means.
  }

  protected onClosed(error: ReverseItError | null): void {
    this.heads.parser.free();
    // What undici has been given it reports itself.
    if (error !== null) this.exchange?.onLost(error);
  }

  // ————— Between undici and the socket.

  protected onOpened(socket: Socket): void {
    this.#readSocket = socket.read.bind(socket) as () => Buffer | null;
    socket.read = () => this.#read();
    this.#guard = new WriteGuard(socket, this);
  }

  get expectsBody(): boolean {
    return this.state === 'switched' || (this.state === 'busy' && this.heads.final !== null);
  }

  onRead(view: Buffer): boolean {
    this.share.spend(COST.READ);
    this.#releaseBody();
    // undici may hold on to parts of it.
    const bytes = this.#readBuffer?.lend(view) ?? view;
    if (this.state === 'switched') return this.socket?.push(bytes) ?? false;
    this.#unread.append(bytes);
    if (this.share.spent) this.share.yield();
    if (this.state === 'busy') this.pump();
    else this.giveUp();
    return this.#unread.length === 0;
  }

  /** All that has come; null where that is nothing. Lets the socket read on. */
  #next(): Buffer | null {
    return this.#unread.length > 0 ? this.#unread.take() : this.#readStream();
  }

  #readStream(): Buffer | null {
    const bytes = this.#readSocket?.() ?? null;
    if (bytes !== null) this.share.spend(COST.STREAM_READ);
    return bytes;
  }

  /** undici has found a chunk of body. */
  onChunk({ byteOffset, length }: Buffer): void {
    this.#chunkEnd = byteOffset + length;
    this.#bite.addChunk(length);
  }

  /** A chunk was handed on, and released or not. */
  onChunkDone(chunk: Buffer, released: boolean): void {
    const bytes = this.#bodyRead;
    if (bytes === null) return;
    // A copy of chunks, which nobody has then.
    if (chunk.buffer !== bytes.buffer) this.#returned = this.#chunkEnd - bytes.byteOffset;
    else if (!released) this.#bodyRead = null;
    else this.#returned = chunk.byteOffset + chunk.length - bytes.byteOffset;
  }

  /** undici is through with what it was given. */
  #endBite(): void {
    this.#handler.flush();
    this.#releaseBody();
    const cost = this.#bite.end();
    if (cost === 0) return;
    this.share.spend(cost);
    if (this.share.spent) this.share.yield();
  }

  /** undici is done with what it has read. What follows the last chunk might be the beginning of trailers. */
  #releaseBody(): void {
    const bytes = this.#bodyRead;
    this.#bodyRead = null;
    if (bytes === null || this.#returned !== bytes.length) return;
    releaseBytes(bytes);
  }

  #read(): Buffer | null {
    this.#parsing = false;
    this.#endBite();
    // undici is through with what it was given before, and has not found fault with it.
    if (this.socket?.destroyed !== true) this.exchange?.onReadEnd();
    if (this.#paused) return null;
    if (this.state !== 'busy') {
      // RFC 9112 §9.2: a response without a request; whatever follows could not be told apart.
      if (this.#next() !== null) this.giveUp();
      return null;
    }
    const { exchange } = this;
    if (this.share.waiting || exchange === null) return null;
    for (;;) {
      const bytes = this.#next();
      if (bytes === null) {
        exchange.onHeadPart(this.heads.parser.insideHead);
        return null;
      }
      this.#seen = true;
      if (this.heads.final !== null) return this.#beginContent(bytes);
      const framed = this.#readHeads(exchange, bytes);
      if (framed !== null || this.share.waiting || this.exchange !== exchange) return framed;
    }
  }

  /** Answers what undici gets once the last head has come. */
  #readHeads(exchange: DispatchedExchange, bytes: Buffer): Buffer | null {
    const { heads } = this;
    const { parser } = heads;
    let at = 0;
    while (at < bytes.length) {
      const came = heads.read(exchange, bytes, at);
      this.share.spend((parser.offset - at) * COST.PARSED_BYTE);
      at = parser.offset;
      if (parser.error !== null) exchange.onFailed(parser.error);
      if (this.exchange !== exchange) return null;
      if (heads.final !== null) return this.#beginResponse(exchange, heads.final, bytes, at);
      if (heads.switched !== null) return withHead(switchHead(exchange.protocol), bytes, at);
      if (!came) continue;
      this.share.spend(COST.MESSAGE);
      if (this.share.spent) {
        if (at < bytes.length) this.#unread.append(bytes.subarray(at));
        this.share.yield();
        return null;
      }
    }
    return null;
  }

  #beginResponse(
    exchange: DispatchedExchange,
    head: CheckedHead,
    bytes: Buffer,
    end: number,
  ): Buffer | null {
    // What follows is undici's to read.
    this.heads.parser.expectBody('none', 0);
    exchange.onFinal(head);
    exchange.onProgress();
    if (this.exchange !== exchange) return null;
    const start = this.#cut(bytes, end);
    this.#begin(start.length - end);
    return withHead(framingHead(head), start, end);
  }

  #beginContent(whole: Buffer): Buffer | null {
    const bytes = this.#cut(whole, 0);
    this.#begin(bytes.length);
    if (this.#bite.silent > this.#bite.maxSilent) {
      this.exchange?.onFailed(malformed('chunked framing outweighs the body'));
      return null;
    }
    if (this.#unread.length === 0) {
      this.#bodyRead = bytes;
      this.#returned = 0;
    }
    return bytes;
  }

  /** The bytes, with no more of them behind `from` than undici is to be given at a time. */
  #cut(bytes: Buffer, from: number): Buffer {
    const end = from + this.#bite.max;
    if (bytes.length <= end) return bytes;
    this.#unread.append(bytes.subarray(end));
    // Not a part of what was lent, which comes back as a whole or not at all.
    return Buffer.from(bytes.subarray(0, end));
  }

  /** undici is going to be given so many bytes of content and its framing. */
  #begin(bytes: number): void {
    this.#parsing = true;
    this.#bite.begin(bytes);
  }

  protected onDetach(socket: Socket): void {
    this.heads.parser.free();
    Reflect.deleteProperty(socket, 'read');
    this.#guard?.remove();
    // After what undici has given back.
    if (this.#unread.length > 0) socket.push(this.#unread.take());
  }
}

/** undici does not know the length of a body that is streamed. */
function withLength(fields: string[], length: number | null): string[] {
  if (length === null || hasField(fields, 'content-length')) return fields;
  return [...fields, 'content-length', String(length)];
}

function giveSocket(connection: UndiciConnection, callback: ConnectCallback): void {
  connection.giveSocket(callback);
}

function pump(connection: UndiciConnection): void {
  connection.pump();
}
