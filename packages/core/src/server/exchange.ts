/**
 * One request and its response. The handler is told of the request's content and of what goes wrong;
 * it answers through the methods here. The exchange keeps the response honest: one final head, content
 * that matches its framing, and a connection that is cut rather than a short response passed off as
 * complete.
 */

import type { Duplex } from 'node:stream';
import { fail, type ReverseItError } from '../errors/reverseit-error.ts';
import type { FieldSection, ReadonlyFieldSection } from '../http/field-section.ts';
import { isBodiless } from '../http/status.ts';
import { chunkEnd, chunkStart, ENCODING, type Encoding, lastChunk } from '../http1/body-encoder.ts';
import type { RequestHead } from '../http1/request-head.ts';
import { fieldLines, statusLine } from '../http1/response-head.ts';
import { errorFields, errorText } from './error-response.ts';
import type { SocketWriter } from './socket-writer.ts';
import { wholeResponseFields } from './whole-response.ts';

/** What is told of an exchange. Set once, before the request listener returns. Must not throw. */
export interface ExchangeHandler {
  /** A piece of the request's content, after `readContent`. It may be kept. */
  onContent(piece: Buffer): void;
  /** The request is complete. Not called for a request without content. */
  onContentEnd(trailers: FieldSection): void;
  /** The client's socket takes more, after `write` answered false. */
  onDrain(): void;
  /**
   * The exchange is over before its time: the client left, stalled or broke the protocol, or the server
   * is shutting down. The last call; the exchange has been answered or cut already.
   */
  onAbort(error: ReverseItError): void;
}

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
  readContent(idleTimeout: number): void;
  pauseContent(): void;
  /** The first byte of a response is about to be written; returns how many of it are out already. */
  beginResponse(): number;
  /** The response has been written to its end. */
  responseDone(keepAlive: boolean): void;
  /** Cuts the connection. */
  cut(): void;
  /** Holds so many bytes that follow the request while its response is awaited. */
  holdUpTo(bytes: number): void;
  /** Ends HTTP on the connection, behind the given head, and gives the socket away. */
  surrender(head: string, tunnel: Tunnel): SwitchedSocket;
}

/** What follows after a switch of protocols, as far as the server is concerned. */
export interface Tunnel {
  /** The server closes: end in good order. */
  shutdown(): void;
  /** The server's deadline has passed: end now. The socket is destroyed right after. */
  destroy(error: ReverseItError): void;
}

/** A client's socket after a switch of protocols. */
export interface SwitchedSocket {
  /** Paused, without listeners of the server's but those for its register. `error` events are heard. */
  readonly socket: Duplex;
  /** Bytes that the client sent behind its request. */
  readonly early: Buffer;
}

const PHASE = { HEAD: 0, CONTENT: 1, DONE: 2 } as const;
type Phase = (typeof PHASE)[keyof typeof PHASE];

/** Hears nothing: of an exchange that nobody handles, or handles any more. */
export const silentHandler: ExchangeHandler = {
  onContent: ignore,
  onContentEnd: ignore,
  onDrain: ignore,
  onAbort: ignore,
};

function ignore(): void {
  // Nobody is interested.
}

/** One request and its response. */
export class Exchange {
  /** The request line and header section. */
  readonly head: RequestHead;
  /** Who is told. Set it before the request listener returns. */
  handler: ExchangeHandler = silentHandler;
  readonly #connection: ExchangeConnection;
  #phase: Phase = PHASE.HEAD;
  #encoding: Encoding = ENCODING.NONE;
  #remaining = 0;
  #keepAlive = false;
  #status = 0;
  #bytesSent = 0;

  /** @internal */
  constructor(head: RequestHead, connection: ExchangeConnection) {
    this.head = head;
    this.#connection = connection;
  }

  /** The client's address; empty on a Unix socket. */
  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get remotePort(): number {
    return this.#connection.remotePort;
  }

  get localPort(): number {
    return this.#connection.localPort;
  }

  /** Whether the client speaks TLS to us. */
  get encrypted(): boolean {
    return this.#connection.encrypted;
  }

  /** Whether the request has been read to its end. */
  get requestComplete(): boolean {
    return this.#connection.requestComplete;
  }

  /** Whether the final response has begun. */
  get headSent(): boolean {
    return this.#phase !== PHASE.HEAD;
  }

  /** Whether the response's content goes out in chunks. */
  get chunked(): boolean {
    return this.#encoding === ENCODING.CHUNKED;
  }

  /** Whether the response is complete or given up. */
  get done(): boolean {
    return this.#phase === PHASE.DONE;
  }

  /** Status of the final response; 0 before it. */
  get status(): number {
    return this.#status;
  }

  /** Content of the final response that was written so far, in bytes. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Whether the client's socket holds more than it should. */
  get needsDrain(): boolean {
    return this.#connection.writer.needsDrain;
  }

  /** Whether all that was written has left, so that no buffer that was handed in is held on to. */
  get settled(): boolean {
    return this.#connection.writer.settled;
  }

  /**
   * Lets the request's content flow, at first and after `pauseContent`. A client that waits for it is
   * told 100 (Continue). `idleTimeout` is the longest silence of the client in ms, 0 for none; beyond
   * it the exchange fails with `RIT_ERR_BODY_TIMEOUT`.
   */
  readContent(idleTimeout: number): void {
    if (this.#phase !== PHASE.DONE) this.#connection.readContent(idleTimeout);
  }

  /** Holds the request's content back; at most one read's worth of pieces still comes. */
  pauseContent(): void {
    // The connection may be at another exchange by now.
    if (this.#phase !== PHASE.DONE) this.#connection.pauseContent();
  }

  /** Sends an interim response (RFC 9110 §15.2). Left out for an HTTP/1.0 client and after the final head. */
  sendInterim(status: number, fields: ReadonlyFieldSection): void {
    if (this.#phase !== PHASE.HEAD || this.head.minorVersion === 0) return;
    const text = `${statusLine(status, '')}${fieldLines(fields)}\r\n`;
    this.#connection.writer.push(text.substring(this.#connection.beginResponse()));
  }

  /**
   * Sends the final head. `fields` are well formed and name neither `connection` nor
   * `transfer-encoding`; `content-length` is among them if the length is known. `contentLength` is the
   * length of the content to come, null where it is not known: it then goes chunked, or until close to
   * an HTTP/1.0 client.
   */
  sendHead(
    status: number,
    reason: string,
    fields: ReadonlyFieldSection,
    contentLength: number | null,
  ): void {
    // The client left, and the handler was told; what it had under way may still end here.
    if (this.#phase === PHASE.DONE && this.#status === 0) return;
    if (this.#phase !== PHASE.HEAD) throw misuse('a second final head');
    if (status < 200) throw misuse('an interim status in a final head');
    // Throws where it cannot be written; then nothing has been.
    let text = statusLine(status, reason) + fieldLines(fields);
    this.#chooseEncoding(status, contentLength);
    this.#phase = PHASE.CONTENT;
    this.#status = status;
    if (this.#encoding === ENCODING.CHUNKED) text += 'transfer-encoding: chunked\r\n';
    if (!this.#keepAlive) text += 'connection: close\r\n\r\n';
    else if (this.head.minorVersion === 0) text += 'connection: keep-alive\r\n\r\n';
    else text += '\r\n';
    const sent = this.#connection.beginResponse();
    // Waits for the first piece of content, so that both leave in one write.
    this.#connection.writer.push(sent === 0 ? text : text.substring(sent));
  }

  #chooseEncoding(status: number, contentLength: number | null): void {
    const { head } = this;
    this.#keepAlive = head.persistent && !this.#connection.ending;
    // A request that is refused unread would have to be read to its end before the next one.
    if (!this.#connection.requestComplete && status >= 400) this.#keepAlive = false;
    if (isBodiless(head.method, status)) this.#encoding = ENCODING.NONE;
    else if (contentLength !== null) {
      this.#encoding = ENCODING.LENGTH;
      this.#remaining = contentLength;
    } else if (head.minorVersion === 1) this.#encoding = ENCODING.CHUNKED;
    else {
      this.#encoding = ENCODING.UNTIL_CLOSE;
      this.#keepAlive = false;
    }
  }

  /**
   * Sends a piece of content. False: write no more until `onDrain`. Content of a response that can have
   * none is dropped.
   */
  write(piece: Buffer): boolean {
    if (this.#phase !== PHASE.CONTENT) {
      if (this.#phase === PHASE.DONE) return true;
      throw misuse('content before the head');
    }
    const { writer } = this.#connection;
    if (piece.length === 0) return !writer.needsDrain;
    if (this.#encoding === ENCODING.NONE) return true;
    this.#bytesSent += piece.length;
    switch (this.#encoding) {
      case ENCODING.LENGTH:
        this.#remaining -= piece.length;
        if (this.#remaining < 0) {
          this.reset();
          throw misuse('more content than announced');
        }
        if (this.#remaining === 0) writer.pushAndFlush(piece);
        else writer.push(piece);
        break;
      case ENCODING.CHUNKED:
        writer.pushFramed(chunkStart(piece.length), piece, chunkEnd);
        break;
      case ENCODING.UNTIL_CLOSE:
        writer.push(piece);
        break;
    }
    return !writer.needsDrain;
  }

  /**
   * Ends the response. Trailers go out with a chunked response only. A response that is shorter than it
   * announced is cut off instead, so that it never looks complete.
   */
  end(trailers?: ReadonlyFieldSection): void {
    if (this.#phase === PHASE.DONE) return;
    if (this.#phase === PHASE.HEAD) throw misuse('the end before the head');
    const { writer } = this.#connection;
    if (this.#encoding === ENCODING.LENGTH && this.#remaining > 0) {
      this.reset();
      return;
    }
    if (this.#encoding === ENCODING.CHUNKED) writer.pushAndFlush(lastChunk(trailers ?? []));
    else writer.flush();
    this.#phase = PHASE.DONE;
    this.#connection.responseDone(this.#keepAlive);
  }

  /**
   * Answers with a whole response in one write. `content-length` and `date` are added.
   * @throws StateError `RIT_ERR_INTERNAL` where a field is malformed, or one that frames the response
   */
  respond(status: number, fields: ReadonlyFieldSection, body: string | Buffer): void {
    const content = typeof body === 'string' ? Buffer.from(body) : body;
    const all = wholeResponseFields(status, fields, content.length);
    this.sendHead(status, '', all, content.length);
    this.write(content);
    this.end();
  }

  /**
   * Lets the client send up to so many bytes behind a request whose answer may be a switch of
   * protocols; beyond them its socket is not read.
   */
  holdUpTo(bytes: number): void {
    this.#connection.holdUpTo(bytes);
  }

  /**
   * Switches protocols (RFC 9110 §15.2.2): sends 101 with the fields, `connection` and `upgrade` among
   * them, and gives the socket away. The server still counts the connection, and tells the tunnel when
   * it closes.
   */
  switchProtocols(fields: ReadonlyFieldSection, tunnel: Tunnel): SwitchedSocket {
    if (this.#phase !== PHASE.HEAD) throw misuse('a switch of protocols behind a final head');
    if (!this.head.upgrade || !this.#connection.requestComplete) {
      throw misuse('a switch of protocols that the request does not offer');
    }
    this.#phase = PHASE.DONE;
    this.#status = 101;
    const text = `${statusLine(101, '')}${fieldLines(fields)}\r\n`;
    return this.#connection.surrender(text.substring(this.#connection.beginResponse()), tunnel);
  }

  /**
   * Answers an error: with the status that the catalog gives it while no final head is out, by cutting
   * the connection otherwise, or where the error has no status.
   */
  fail(error: ReverseItError): void {
    if (this.#phase === PHASE.DONE) return;
    if (this.#phase !== PHASE.HEAD || error.status === 0) {
      this.reset();
      return;
    }
    if (error.connection !== 'keep') this.head.persistent = false;
    this.respond(error.status, errorFields(error), errorText(error.status));
  }

  /** Cuts the connection, so that a response under way is seen to be incomplete. */
  reset(): void {
    if (this.#phase === PHASE.DONE) return;
    this.#phase = PHASE.DONE;
    this.#connection.cut();
  }

  /** @internal The connection ended the exchange by itself. */
  abandon(error: ReverseItError): void {
    this.#phase = PHASE.DONE;
    this.handler.onAbort(error);
  }
}

function misuse(what: string): ReverseItError {
  return fail('RIT_ERR_INTERNAL', `exchange: ${what}`);
}
