/** An exchange over a connection of our own server. */
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import { chunkEnd, chunkStart, ENCODING, lastChunk } from '../../http1/body/body-encoder.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { fieldLines, statusLine } from '../../http1/grammar/response-head.ts';
import type { ClientConnection } from '../exchange/client-connection.ts';
import { demandsUpgrade } from '../exchange/error-response.ts';
import { Exchange, type SwitchedSocket, type Tunnel } from '../exchange/exchange.ts';
import { checkByteCount, checkIdleTimeout } from '../exchange/exchange-checks.ts';
import type { SocketWriter } from './socket-writer.ts';

/** What an exchange needs of its connection. */
export interface ExchangeConnection {
  readonly writer: SocketWriter;
  /** Whether the request has been read to its end. */
  readonly requestComplete: boolean;
  /**
   * Whether the connection ends behind this response: the server is closing, this was the last request
   * allowed or sent, or nobody can know what the client sends next.
   */
  readonly ending: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly encrypted: boolean;
  readonly client: ClientConnection;
  readContent(idleTimeout: number): void;
  pauseContent(): void;
  /** Nothing of a piece of content is held on to any more. */
  giveBack(piece: Buffer): void;
  /** The first byte of a response is about to be written; returns how many of it are out already. */
  beginResponse(): number;
  /** The response has been written to its end. */
  responseDone(keepAlive: boolean): void;
  /** Cuts the connection. */
  cut(): void;
  /** Tells of an error of the listener's or a handler's own. */
  report(error: ReverseItError): void;
  /** Holds so many bytes that follow the request while its response is awaited. */
  holdUpTo(bytes: number): void;
  /** Ends HTTP on the connection, behind the given head, and gives the socket away. */
  surrender(head: string, tunnel: Tunnel): SwitchedSocket;
}

export class ConnectionExchange extends Exchange {
  readonly #connection: ExchangeConnection;
  #keepAlive = false;

  constructor(head: RequestHead, connection: ExchangeConnection) {
    super(head);
    this.#connection = connection;
  }

  get takesLines(): boolean {
    return true;
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get remotePort(): number {
    return this.#connection.remotePort;
  }

  get localPort(): number {
    return this.#connection.localPort;
  }

  get encrypted(): boolean {
    return this.#connection.encrypted;
  }

  get client(): ClientConnection {
    return this.#connection.client;
  }

  get requestComplete(): boolean {
    return this.#connection.requestComplete;
  }

  get needsDrain(): boolean {
    return this.#connection.writer.needsDrain;
  }

  get settled(): boolean {
    return this.#connection.writer.settled;
  }

  readContent(idleTimeout: number): void {
    checkIdleTimeout(idleTimeout);
    if (!this.done) this.#connection.readContent(idleTimeout);
  }

  pauseContent(): void {
    // The connection may be at another exchange by now.
    if (!this.done) this.#connection.pauseContent();
  }

  giveBack(piece: Buffer): void {
    this.#connection.giveBack(piece);
  }

  protected writeInterim(status: number, fields: ReadonlyFieldSection): void {
    const text = `${statusLine(status, '')}${fieldLines(fields)}\r\n`;
    this.#connection.writer.push(text.substring(this.#connection.beginResponse()));
  }

  sendHead(
    status: number,
    reason: string,
    fields: ReadonlyFieldSection | string,
    contentLength: number | null,
  ): void {
    if (!this.mayBegin(status, reason, fields, contentLength)) return;
    const lines = typeof fields === 'string' ? fields : fieldLines(fields);
    // Throws where it cannot be written; then nothing has been.
    let text = statusLine(status, reason) + lines;
    const encoding = this.encodingFor(status, contentLength);
    this.#keepAlive = this.mayPersist(status, encoding) && !this.#connection.ending;
    this.begin(status, fields, encoding, contentLength);
    if (encoding === ENCODING.CHUNKED) text += 'transfer-encoding: chunked\r\n';
    if (demandsUpgrade(status, fields)) text += upgradeLine(this.#keepAlive);
    else if (!this.#keepAlive) text += 'connection: close\r\n\r\n';
    else if (this.head.minorVersion === 0) text += 'connection: keep-alive\r\n\r\n';
    else text += '\r\n';
    const sent = this.#connection.beginResponse();
    // Waits for the first piece of content, so that both leave in one write.
    this.#connection.writer.push(sent === 0 ? text : text.substring(sent));
  }

  protected writeContent(piece: Buffer, last: boolean): void {
    const { writer } = this.#connection;
    if (this.encoding === ENCODING.CHUNKED) {
      writer.pushFramed(chunkStart(piece.length), piece, chunkEnd);
    } else if (last) writer.pushLast(piece);
    else writer.push(piece);
  }

  protected finish(trailers: ReadonlyFieldSection): void {
    const { writer } = this.#connection;
    if (this.encoding === ENCODING.CHUNKED) writer.pushLast(lastChunk(trailers));
    else writer.finish();
    this.#connection.responseDone(this.#keepAlive);
  }

  protected cut(): void {
    this.#connection.cut();
  }

  protected report(error: ReverseItError): void {
    this.#connection.report(error);
  }

  holdUpTo(bytes: number): void {
    checkByteCount(bytes);
    this.#connection.holdUpTo(bytes);
  }

  switchProtocols(fields: ReadonlyFieldSection, tunnel: Tunnel): SwitchedSocket {
    this.beginSwitch(fields, tunnel);
    const text = `${statusLine(101, '')}${fieldLines(fields)}\r\n`;
    return this.#connection.surrender(text.substring(this.#connection.beginResponse()), tunnel);
  }
}

const upgradeLine = (keepAlive: boolean): string =>
  keepAlive ? 'connection: upgrade\r\n\r\n' : 'connection: upgrade, close\r\n\r\n';
