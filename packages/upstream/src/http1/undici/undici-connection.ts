/**
 * A connection over undici: one socket, and one Client that will never have another. The Client writes
 * requests. Responses are read by core's parser, as over `direct`: undici's own reading kills a connection over
 * a `100 Continue`, counts blanks in a Content-Length as digits, keeps two buffers of each field and tells of
 * each chunk by itself. What it gets to read, once all of a response has come, is one without content.
 *
 * undici asks for bytes with `socket.read()`. Plain sockets are read into our own buffer and past the stream
 * between it and undici, which is told of bytes by `readable` all the same; over TLS as well, where Node lets it.
 */
import type { Socket } from 'node:net';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { type FieldSection, type HeaderSection, hasField } from '@reverseit/core/http';
import { resumeReading } from '@reverseit/core/internal';
import { Client } from 'undici';
import type { SocketSource } from '../../connect/connector.ts';
import type { ConnectionOwner } from '../../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { bodySource, withoutTrailers } from '../../exchange/message/collected-body.ts';
import { WriteGuard } from '../../node-internals/write-guard.ts';
import { ReadingConnection } from '../reading-connection.ts';
import { emptyResponse, switchResponse } from './stand-in.ts';
import { UndiciHandler } from './undici-handler.ts';
import { UndiciUpload } from './undici-upload.ts';

type ConnectCallback = (...result: [null, Socket] | [Error, null]) => void;
type Read = (size?: number) => Buffer | null;

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
};

const asteriskRefused = 'undici cannot send the target "*"; use transport: "direct"';
/** The Client never connects by itself nor names a host: TLS, SNI and Host are decided by us. */
const clientUrl = new URL('http://backend.invalid');

export class UndiciConnection extends ReadingConnection {
  readonly #client: Client;
  readonly #handler = new UndiciHandler(this);
  /** undici has the socket. */
  #isGiven = false;
  #guard: WriteGuard | null = null;
  /** What undici is to read next. */
  #standIn: Buffer | null = null;
  #readingStream = false;

  constructor(owner: ConnectionOwner, connector: SocketSource) {
    super(owner, connector);
    this.#client = new Client(clientUrl, {
      ...clientOptions,
      connect: (_, callback) => this.#connect(callback as ConnectCallback),
    });
  }

  // ————— The request.

  protected send(exchange: DispatchedExchange): void {
    if (exchange.request.target === '*') {
      exchange.onFailed(createError('RIT_ERR_INTERNAL', asteriskRefused));
    } else if (this.state === 'connecting') this.connect();
    else this.#dispatch(exchange);
  }

  /** Gives the request to undici, and with the first the socket: of one that is aborted it gives nothing back. */
  #dispatch(exchange: DispatchedExchange): void {
    const { method, target, body: whole } = exchange.request;
    const body = whole === null ? null : withoutTrailers(whole);
    let headers = exchange.fields.fields as string[];
    let sent: Buffer | UndiciUpload | null = null;
    if (body === null || Buffer.isBuffer(body)) sent = body;
    else {
      const source = bodySource(body, exchange.repeatable);
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
    socket.off('readable', this.#onReadable);
    callback(null, socket);
  }

  // ————— The response.

  protected complete(exchange: DispatchedExchange, trailers: FieldSection): void {
    this.#handler.trailers = trailers;
    this.#answer(emptyResponse(exchange.status));
    if (this.exchange !== exchange || this.#readingStream) return;
    // undici has no use for it: its socket is gone.
    this.ended = true;
    exchange.onComplete(trailers);
  }

  protected switch(exchange: DispatchedExchange, headers: HeaderSection): void {
    this.#handler.switched = headers;
    this.#answer(switchResponse(exchange.protocol));
  }

  /** Gives undici the response to its request. */
  #answer(standIn: Buffer): void {
    this.#standIn = standIn;
    // It is asking, and takes what it is answered.
    if (!this.#readingStream) this.socket?.emit('readable');
  }

  /** undici asks for bytes, or Node makes the stream read on (`size` 0). */
  #read(read: Read, size?: number): Buffer | null {
    if (size === 0) return read(0);
    if (this.readsByEvents) this.#takeStream(read);
    const standIn = this.#standIn;
    this.#standIn = null;
    return standIn;
  }

  /** Reads what the stream has. */
  #takeStream(read: Read): void {
    if (this.#readingStream) return;
    this.#readingStream = true;
    while (!this.stopped) {
      const bytes = read();
      if (bytes === null) break;
      this.onData(bytes);
    }
    this.#readingStream = false;
  }

  // ————— The socket.

  protected override continueSocket(socket: Socket): void {
    if (!this.readsByEvents) {
      super.continueSocket(socket);
      return;
    }
    resumeReading(socket);
    // It is undici that asks.
    socket.emit('readable');
  }

  protected onOpened(socket: Socket): void {
    const read = socket.read.bind(socket) as Read;
    socket.read = (size) => this.#read(read, size);
    this.#guard = new WriteGuard(socket, this);
  }

  protected override onReady(socket: Socket): void {
    super.onReady(socket);
    if (this.exchange !== null) this.#dispatch(this.exchange);
    // Until undici listens.
    else if (this.readsByEvents) socket.on('readable', this.#onReadable);
  }

  readonly #onReadable = (): void => {
    this.socket?.read();
  };

  protected override onClosed(error: ReverseItError | null): void {
    super.onClosed(error);
    this.#standIn = null;
  }

  protected override onDetach(socket: Socket): void {
    Reflect.deleteProperty(socket, 'read');
    this.#guard?.remove();
    // After what undici has given back.
    super.onDetach(socket);
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
