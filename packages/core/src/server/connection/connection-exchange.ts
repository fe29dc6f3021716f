/** An exchange over a connection of our own server. */
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import { fieldLines, type ReadonlyFieldSection } from '../../http/field-section.ts';
import type { HeaderSection } from '../../http/header-section.ts';
import { chunkEnd, chunkStart, ENCODING, lastChunk } from '../../http1/body/body-encoder.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { statusLine } from '../../http1/grammar/status-line.ts';
import type { SocketWriter } from '../../socket/socket-writer.ts';
import { type ClientConnection, clientConnection } from '../client/client-connection.ts';
import type { ConnectionEnds } from '../client/connection-ends.ts';
import { demandsUpgrade } from '../exchange/error-response.ts';
import type { SwitchedSocket, Tunnel } from '../exchange/exchange.ts';
import { checkByteCount, checkIdleTimeout } from '../exchange/exchange-checks.ts';
import { SocketExchange } from '../exchange/socket-exchange.ts';
import type { RequestFeed } from './request-feed.ts';

/** What an exchange needs of its connection. */
export interface ExchangeConnection extends ConnectionEnds {
  readonly writer: SocketWriter;
  readonly feed: RequestFeed;
  /** Whether the connection ends after this response: the server is closing, or this was the last request. */
  readonly ending: boolean;
  readBody(idleTimeout: number): void;
  pauseBody(): void;
  /** A head is about to be written; returns how many bytes of it are out already. */
  takeProbed(): number;
  /** The final head has been written. */
  onHeadSent(): void;
  /** The response has been written to its end. */
  onResponseEnd(keepAlive: boolean): void;
  /** Cuts the connection. */
  abort(cause: undefined): void;
  /** Tells of an error of the listener's or a handler's own. */
  report(error: ReverseItError): void;
  /** Ends HTTP on the connection, after the given head, and gives the socket away. */
  detachSocket(head: string, tunnel: Tunnel): SwitchedSocket;
}

export class ConnectionExchange extends SocketExchange {
  readonly #connection: ExchangeConnection;
  #keepAlive = false;
  #continueSent = false;

  constructor(head: RequestHead, connection: ExchangeConnection) {
    super(head);
    this.#connection = connection;
  }

  protected get ends(): ConnectionEnds {
    return this.#connection;
  }

  get client(): ClientConnection {
    const { socket, proxyHeader } = this.#connection;
    return clientConnection(socket, proxyHeader);
  }

  get requestComplete(): boolean {
    return this.#connection.feed.requestComplete;
  }

  get needsDrain(): boolean {
    return this.#connection.writer.needsDrain;
  }

  get isFlushed(): boolean {
    return this.#connection.writer.isFlushed;
  }

  readBody(idleTimeout: number): void {
    checkIdleTimeout(idleTimeout);
    if (this.done) return;
    if (this.#continueWithheld) this.#sendContinue();
    this.#connection.readBody(idleTimeout);
  }

  /** The client waits for 100 (Continue) and has not got it: nobody knows whether it will send the body. */
  get #continueWithheld(): boolean {
    return !this.#continueSent && this.head.expectContinue && !this.requestComplete;
  }

  /** RFC 9110 §10.1.1: no need for it when the body has begun to arrive; no use after a final head. */
  #sendContinue(): void {
    if (this.#connection.feed.hasUnparsed) this.#continueSent = true;
    else if (!this.headSent) {
      this.#continueSent = true;
      this.sendInterim(100, []);
    }
  }

  pauseBody(): void {
    // The connection may be at another exchange by now.
    if (!this.done) this.#connection.pauseBody();
  }

  releaseChunk(chunk: Buffer): void {
    this.#connection.feed.release(chunk);
  }

  protected writeInterim(status: number, fields: ReadonlyFieldSection): void {
    const text = `${statusLine(status, '')}${fieldLines(fields)}\r\n`;
    this.#connection.writer.push(text.substring(this.#connection.takeProbed()));
  }

  protected writeHead(
    status: number,
    reason: string,
    headers: HeaderSection,
    contentLength: number | null,
  ): void {
    let text = statusLine(status, reason) + headers.serialize();
    const encoding = this.encodingFor(status, contentLength);
    this.#keepAlive =
      this.mayPersist(status, encoding) && !this.#connection.ending && !this.#continueWithheld;
    this.begin(status, headers, encoding, contentLength);
    if (encoding === ENCODING.CHUNKED) text += 'transfer-encoding: chunked\r\n';
    if (demandsUpgrade(status, headers)) text += upgradeLine(this.#keepAlive);
    else if (!this.#keepAlive) text += 'connection: close\r\n\r\n';
    else if (this.head.minorVersion === 0) text += 'connection: keep-alive\r\n\r\n';
    else text += '\r\n';
    const sent = this.#connection.takeProbed();
    this.#connection.onHeadSent();
    // Waits for the first bytes of the body, so that both leave in one write.
    this.#connection.writer.push(sent === 0 ? text : text.substring(sent));
  }

  protected writeBody(chunk: Buffer, last: boolean): void {
    const { writer } = this.#connection;
    if (this.encoding === ENCODING.CHUNKED) {
      writer.pushFramed(chunkStart(chunk.length), chunk, chunkEnd);
    } else if (last) writer.pushLast(chunk);
    else writer.push(chunk);
  }

  protected finish(trailers: ReadonlyFieldSection): void {
    const { writer } = this.#connection;
    if (this.encoding === ENCODING.CHUNKED) writer.pushLast(lastChunk(trailers));
    else writer.finish();
    this.#connection.onResponseEnd(this.#keepAlive && !this.#continueWithheld);
  }

  protected cut(): void {
    this.#connection.abort(undefined);
  }

  protected report(error: ReverseItError): void {
    this.#connection.report(error);
  }

  setEarlyDataLimit(bytes: number): void {
    checkByteCount(bytes);
    this.#connection.feed.setMaxHeld(bytes);
  }

  switchProtocols(fields: ReadonlyFieldSection, tunnel: Tunnel): SwitchedSocket {
    this.beginSwitch(fields, tunnel);
    const text = `${statusLine(101, '')}${fieldLines(fields)}\r\n`;
    return this.#connection.detachSocket(text.substring(this.#connection.takeProbed()), tunnel);
  }
}

const upgradeLine = (keepAlive: boolean): string =>
  keepAlive ? 'connection: upgrade\r\n\r\n' : 'connection: upgrade, close\r\n\r\n';
