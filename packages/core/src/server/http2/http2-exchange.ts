/** An exchange over a stream of HTTP/2 (RFC 9113 §8). */
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { fieldEntry } from '../../http/field-registry.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import type { HeaderSection } from '../../http/header-section.ts';
import { ENCODING } from '../../http1/body/body-encoder.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { H2_ERROR } from '../../http2/protocol.ts';
import { type ClientConnection, clientConnection } from '../client/client-connection.ts';
import type { ConnectionEnds } from '../client/connection-ends.ts';
import type { SwitchedSocket, Tunnel } from '../exchange/exchange.ts';
import { checkByteCount, checkIdleTimeout, misuse } from '../exchange/exchange-checks.ts';
import { SocketExchange } from '../exchange/socket-exchange.ts';
import type { Http2Stream, StreamConnection } from './http2-stream.ts';
import { Http2Tunnel } from './http2-tunnel.ts';

export class Http2Exchange extends SocketExchange {
  readonly #stream: Http2Stream;
  readonly #connection: StreamConnection;
  #continueSent = false;
  /**
   * The head of a response whose length is not known: where it turns out to be empty, the head ends the stream. So
   * it is with errors of gRPC, whose clients take it for nothing else.
   */
  #heldHead: HeaderSection | null = null;

  constructor(head: RequestHead, stream: Http2Stream) {
    super(head);
    this.#stream = stream;
    this.#connection = stream.connection;
  }

  protected get ends(): ConnectionEnds {
    return this.#connection;
  }

  get client(): ClientConnection {
    const { socket, proxyHeader } = this.#connection;
    return clientConnection(socket, proxyHeader, true);
  }

  /** Of extended CONNECT nothing but the head (RFC 8441 §5). */
  get requestComplete(): boolean {
    return this.head.isExtendedConnect || this.#stream.input.complete;
  }

  get needsDrain(): boolean {
    return this.#stream.output.needsDrain;
  }

  get isFlushed(): boolean {
    return this.#stream.output.isFlushed;
  }

  /** The client waits for 100 (Continue) and has not got it: nobody knows whether it will send the body. */
  get awaitsContinue(): boolean {
    return this.head.expectContinue && !this.#continueSent;
  }

  readBody(idleTimeout: number): void {
    checkIdleTimeout(idleTimeout);
    if (this.done || this.head.isExtendedConnect) return;
    if (this.awaitsContinue && !this.headSent) {
      this.#continueSent = true;
      if (this.#stream.input.heldBytes === 0) this.sendInterim(100, []);
    }
    this.#stream.input.readWithin(this.#stream.queueOf(idleTimeout));
  }

  pauseBody(): void {
    if (!this.done) this.#stream.input.pause();
  }

  releaseChunk(chunk: Buffer): void {
    this.#connection.feed.release(chunk);
  }

  protected writeInterim(status: number, fields: ReadonlyFieldSection): void {
    this.#connection.output.sendHeaders(this.#stream.id, status, fields, false);
  }

  override sendHead(
    status: number,
    reason: string,
    fields: HeaderSection | ReadonlyFieldSection,
    contentLength: number | null,
  ): void {
    // RFC 8441 §5: it would say that the tunnel stands.
    if (this.head.isExtendedConnect && status >= 200 && status < 300 && !this.headSent) {
      this.fail(createError('RIT_ERR_WS_ACCEPT', 'the handshake was answered without a switch'));
    } else super.sendHead(status, reason, fields, contentLength);
  }

  protected writeHead(
    status: number,
    _reason: string,
    headers: HeaderSection,
    contentLength: number | null,
  ): void {
    const encoding = this.encodingFor(status, contentLength);
    this.begin(status, headers, encoding, contentLength);
    const isEmpty = encoding === ENCODING.NONE || contentLength === 0;
    if (isEmpty) {
      this.#sendHead(headers, true);
      this.#stream.output.endWithHead();
    } else if (encoding === ENCODING.CHUNKED) {
      this.#heldHead = headers;
      setImmediate(flushHead, this);
    } else this.#sendHead(headers, false);
  }

  #sendHead(headers: HeaderSection, endStream: boolean): void {
    this.#heldHead = null;
    this.#connection.output.sendHeaders(this.#stream.id, this.status, headers.fields, endStream);
  }

  /** No content has come with the head. */
  flushHead(): void {
    const headers = this.#heldHead;
    if (headers !== null && !this.#stream.closed) this.#sendHead(headers, false);
  }

  protected writeBody(chunk: Buffer, last: boolean): void {
    if (this.#heldHead !== null) this.#sendHead(this.#heldHead, false);
    this.#stream.output.write(chunk, last);
  }

  protected finish(trailers: ReadonlyFieldSection): void {
    const headers = this.#heldHead;
    const { output } = this.#stream;
    if (headers !== null) this.#sendHead(headers, trailers.length === 0);
    if (headers !== null && trailers.length === 0) output.endWithHead();
    else output.end(trailers);
    this.#stream.onResponseEnd();
  }

  /** The stream alone: the connection is others' as well. */
  protected cut(): void {
    this.#stream.reset(H2_ERROR.INTERNAL_ERROR);
  }

  protected report(error: ReverseItError): void {
    this.#connection.context.onFailure(error);
  }

  /** The window of the stream bounds what is held; whoever takes it over judges it. */
  setEarlyDataLimit(bytes: number): void {
    checkByteCount(bytes);
  }

  /** Answers 200, of which RFC 8441 §5 makes what 101 is over HTTP/1.1, without the fields that go with that. */
  switchProtocols(fields: ReadonlyFieldSection, tunnel: Tunnel): SwitchedSocket {
    if (!this.head.isExtendedConnect) {
      throw misuse('cannot upgrade to a protocol that the request does not offer');
    }
    this.beginSwitch(fields, tunnel);
    const passed: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string;
      if (fieldEntry(name).name === 'sec-websocket-accept') continue;
      passed.push(name, fields[i + 1] as string);
    }
    this.#connection.output.sendHeaders(this.#stream.id, 200, passed, false);
    const socket = new Http2Tunnel(this.#stream, this.#connection.socket);
    this.#stream.startTunnel(socket, tunnel);
    return { socket, early: this.#stream.input.takeHeld(), exclusive: false };
  }
}

function flushHead(exchange: Http2Exchange): void {
  exchange.flushHead();
}
