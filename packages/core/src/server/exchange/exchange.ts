/**
 * One request and its response. The handler is told of the request's body and of what goes wrong;
 * it answers through the methods here. The exchange keeps the response honest: one final head, a body
 * that matches its framing, and a connection that is cut rather than a short response passed off as
 * complete. Whose the socket is, and how bytes reach it, is a subclass's business.
 */
import {
  asReverseItError,
  createError,
  isReverseItError,
  type ReverseItError,
} from '../../errors/reverseit-error.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import { HeaderSection } from '../../http/header-section.ts';
import { ENCODING, type Encoding, responseEncoding } from '../../http1/body/body-encoder.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { EffectiveClient } from '../client/effective-client.ts';
import type { PeerCertificates } from '../client/peer-certificates.ts';
import { errorFields, errorText } from './error-response.ts';
import {
  checkBody,
  checkChunk,
  checkFields,
  checkHead,
  checkInterim,
  checkTunnel,
  misuse,
} from './exchange-checks.ts';
import {
  type ExchangeHandler,
  noopHandler,
  type SwitchedSocket,
  type Tunnel,
} from './exchange-handler.ts';
import type { ExchangeMeter } from './exchange-meter.ts';
import { callAbort, callFault } from './handler-calls.ts';
import { bytesOf, wholeResponseHeaders } from './whole-response.ts';

export type { EffectiveClient } from '../client/effective-client.ts';
export type { ExchangeHandler, SwitchedSocket, Tunnel } from './exchange-handler.ts';
export { noopHandler } from './exchange-handler.ts';

const PHASE = { HEAD: 0, BODY: 1, DONE: 2 } as const;
type Phase = (typeof PHASE)[keyof typeof PHASE];

const noFields: ReadonlyFieldSection = [];

/** One request and its response. */
export abstract class Exchange {
  /** The request line and header section. */
  readonly head: RequestHead;
  /** Who is told. Set it before the request listener returns. */
  handler: ExchangeHandler = noopHandler;
  /** Well formed; every final response carries it, unless it has a header of that name. Mostly null. */
  addedHeader: { readonly name: string; readonly value: string } | null = null;
  /** @internal Who counts it; null where nobody does. */
  meter: ExchangeMeter | null = null;
  /** @internal For the meter: when it began, in ms. */
  startedAt = 0;
  /** Set by whoever believes what proxies before us say of the client; null where the connection counts. */
  effectiveClient: EffectiveClient | null = null;
  /** The address of whoever has connected; empty on a Unix socket. */
  abstract readonly remoteAddress: string;
  abstract readonly remotePort: number;
  abstract readonly localPort: number;
  /** Whether the client speaks TLS to us. */
  abstract readonly encrypted: boolean;
  /** The request's connection; null where it is not known. */
  abstract readonly client: ClientConnection | null;
  /** What an application took off the start of the target before it handed the request over; mostly empty. */
  readonly mountPath: string = '';
  /** Whether the request has been read to its end. */
  abstract readonly requestComplete: boolean;
  /** Whether the client's socket holds more than it should. */
  abstract readonly needsDrain: boolean;
  /** Whether every write has been flushed, so that the written buffers may be released or reused. */
  abstract readonly isFlushed: boolean;
  #phase: Phase = PHASE.HEAD;
  #encoding: Encoding = ENCODING.NONE;
  /** Announced body bytes that were not written yet. */
  #remaining = 0;
  #status = 0;
  #bytesSent = 0;
  #sentHeaders: HeaderSection | null = null;

  /** @internal */
  constructor(head: RequestHead) {
    this.head = head;
  }

  /** Our own address that was connected to; empty on a Unix socket, or where it is not known. */
  get localAddress(): string {
    return '';
  }

  /** What a PROXY protocol header has told of the client; null where there was none. */
  get proxyHeader(): ProxyHeader | null {
    return null;
  }

  /** The certificates that the client has shown, verified; null for none. They stay the same on a connection. */
  get peerCertificates(): PeerCertificates | null {
    return null;
  }

  /** Whether the final response has begun. */
  get headSent(): boolean {
    return this.#phase !== PHASE.HEAD;
  }

  /** Whether the response body goes out in chunks. */
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

  /** Fields of the final response as handed in, without those that frame its body; null before it. */
  get sentHeaders(): HeaderSection | null {
    return this.#sentHeaders;
  }

  /** Body bytes of the final response written so far. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /**
   * Lets the request body flow, at first and after `pauseBody`. A client that waits for it is
   * told 100 (Continue). `idleTimeout` is the longest silence of the client in ms, 0 for none; beyond
   * it the exchange fails with `RIT_ERR_BODY_TIMEOUT`.
   */
  abstract readBody(idleTimeout: number): void;

  /** Holds the request body back; at most one read's worth of chunks still comes. */
  abstract pauseBody(): void;

  /**
   * Releases a chunk that the handler was given and uses no more: its memory serves the next read. Once at
   * most; not calling it leaves the memory to the garbage collector.
   */
  abstract releaseChunk(chunk: Buffer): void;

  /**
   * Sends an interim response (RFC 9110 §15.2). Left out for an HTTP/1.0 client and after the final head.
   * @throws StateError `RIT_ERR_INTERNAL` where none can be made of it
   */
  sendInterim(status: number, fields: ReadonlyFieldSection): void {
    checkInterim(status, fields);
    if (this.#phase === PHASE.HEAD && this.head.minorVersion === 1) {
      this.writeInterim(status, fields);
    }
  }

  /**
   * Sends the final head. `fields` name neither `connection` nor `transfer-encoding`; `content-length` is
   * among them if the length is known. `contentLength` is the length of the body to come, null where it is
   * not known: it then goes chunked, or until close to an HTTP/1.0 client.
   * @throws StateError `RIT_ERR_INTERNAL` where no head can be made of it, or one was sent before
   */
  sendHead(
    status: number,
    reason: string,
    fields: HeaderSection | ReadonlyFieldSection,
    contentLength: number | null,
  ): void {
    checkHead(status, reason, fields, contentLength);
    // The client left, and the handler was told; what it had in progress may still end here.
    if (this.#phase === PHASE.DONE && this.#status === 0) return;
    if (this.#phase !== PHASE.HEAD) throw misuse('the response head was already sent');
    const headers = fields instanceof HeaderSection ? fields : HeaderSection.from(fields);
    const added = this.addedHeader;
    if (added !== null && !headers.has(added.name)) headers.appendChecked(added.name, added.value);
    this.writeHead(status, reason, headers, contentLength);
  }

  /**
   * Sends a body chunk. False: write no more until `onDrain`. The body of a response that can have
   * none is dropped.
   * @throws StateError `RIT_ERR_INTERNAL` before the head, beyond the length that was announced, and where
   * the chunk is no Buffer
   */
  write(chunk: Buffer): boolean {
    checkChunk(chunk);
    if (this.#phase !== PHASE.BODY) {
      if (this.#phase === PHASE.DONE) return true;
      throw misuse('body data was sent before the response head');
    }
    const { length } = chunk;
    if (length === 0 || this.#encoding === ENCODING.NONE) return !this.needsDrain;
    if (this.#encoding === ENCODING.LENGTH) {
      this.#remaining -= length;
      if (this.#remaining < 0) {
        this.reset();
        throw misuse('more body data than the content length');
      }
    }
    this.#bytesSent += length;
    if (this.meter !== null) this.meter.onSent(length);
    this.writeBody(chunk, this.#encoding === ENCODING.LENGTH && this.#remaining === 0);
    return !this.needsDrain;
  }

  /**
   * Ends the response. Trailers go out with a chunked response only. A response that is shorter than it
   * announced is cut off instead, so that it never looks complete.
   * @throws StateError `RIT_ERR_INTERNAL` before the head, and where the trailers are no fields
   */
  end(trailers: ReadonlyFieldSection = noFields): void {
    checkFields(trailers);
    if (this.#phase === PHASE.DONE) return;
    if (this.#phase === PHASE.HEAD) throw misuse('the response was ended before its head was sent');
    if (this.#encoding === ENCODING.LENGTH && this.#remaining > 0) {
      this.reset();
      return;
    }
    this.#over();
    this.finish(this.#encoding === ENCODING.CHUNKED ? trailers : noFields);
  }

  /**
   * Answers with a whole response in one write. `content-length` is added, and `date` unless given.
   * @throws StateError `RIT_ERR_INTERNAL` where a field is malformed, or one that frames the response, where
   * an argument is missing, and where a head was sent before
   */
  respond(status: number, fields: ReadonlyFieldSection, body: string | Uint8Array): void {
    checkFields(fields);
    checkBody(body);
    const bytes = bytesOf(body);
    const headers = wholeResponseHeaders(status, fields, bytes.length);
    this.sendHead(status, '', headers, bytes.length);
    this.write(bytes);
    this.end();
  }

  /**
   * Lets the client send up to so many bytes after a request whose answer may be a switch of
   * protocols; beyond them its socket is not read.
   */
  abstract setEarlyDataLimit(bytes: number): void;

  /**
   * Switches protocols (RFC 9110 §15.2.2): sends 101 with the fields, `connection` and `upgrade` among
   * them, and gives the socket away. The server still counts the connection, and tells the tunnel when
   * it closes. Over HTTP/2 it is 200 without fields of the connection, and the stream (RFC 8441 §5).
   */
  abstract switchProtocols(fields: ReadonlyFieldSection, tunnel: Tunnel): SwitchedSocket;

  /**
   * Answers an error: with the status that the catalog gives it while no final head is out, by cutting
   * the connection otherwise, or where the error has no status. The answer carries `fields` as well.
   */
  fail(cause: ReverseItError, fields: ReadonlyFieldSection = noFields): void {
    if (this.#phase === PHASE.DONE) return;
    // As JavaScript could hand it in.
    const error = asReverseItError(cause);
    if (this.#phase !== PHASE.HEAD || error.status === 0) {
      this.reset();
      return;
    }
    if (error.connection !== 'keep') this.head.persistent = false;
    this.respond(error.status, [...errorFields(error), ...fields], errorText(error.status));
  }

  /** Cuts the connection, so that a response in progress is seen to be incomplete. */
  reset(): void {
    if (this.#phase === PHASE.DONE) return;
    this.#over();
    this.cut();
  }

  /** @internal The connection ended the exchange by itself. */
  abandon(error: ReverseItError): void {
    if (this.#phase !== PHASE.DONE) this.#over();
    callAbort(this, this.handler, error);
  }

  /** @internal The body is invalid or late: the handler answers, or the server does and notifies it. */
  refuse(error: ReverseItError): void {
    this.head.persistent = false;
    if (!callFault(this, error)) this.#giveUp(error);
  }

  /** @internal The listener or the handler threw, or a promise that it returned was rejected. */
  onCallFailed(name: string, cause: unknown): void {
    const error =
      isReverseItError(cause) && cause.status !== 0
        ? cause
        : createError('RIT_ERR_INTERNAL', `${name} threw`, { cause });
    this.report(error);
    if (this.#phase !== PHASE.DONE) this.#giveUp(error);
  }

  /** Answers an error that the handler has not answered. */
  #giveUp(error: ReverseItError): void {
    const { handler } = this;
    // The answer first: it may still be sent, which an aborted exchange cannot.
    this.handler = noopHandler;
    this.fail(error);
    callAbort(this, handler, error);
  }

  // What a subclass is asked for, and what it goes by.

  /** @internal Sends an interim response to a client that knows them. */
  protected abstract writeInterim(status: number, fields: ReadonlyFieldSection): void;

  /** @internal Sends the final head and calls `begin`. If it throws, nothing was written. */
  protected abstract writeHead(
    status: number,
    reason: string,
    headers: HeaderSection,
    contentLength: number | null,
  ): void;

  /** @internal Sends body bytes, never none; `last` where it completes what was announced. */
  protected abstract writeBody(chunk: Buffer, last: boolean): void;

  /** @internal The body is complete. Trailers are empty unless they can be sent. */
  protected abstract finish(trailers: ReadonlyFieldSection): void;

  /** @internal Cuts the connection. */
  protected abstract cut(): void;

  /** @internal Tells of an error of the listener's or handler's own. Must not throw. */
  protected abstract report(error: ReverseItError): void;

  /** @internal How a response body goes out. */
  protected get encoding(): Encoding {
    return this.#encoding;
  }

  /** @internal The encoding of a response that has not begun. */
  protected encodingFor(status: number, contentLength: number | null): Encoding {
    const { method, minorVersion } = this.head;
    return responseEncoding(method, minorVersion, status, contentLength);
  }

  /** @internal Whether another request may follow the response, as far as the two messages decide. */
  protected mayPersist(status: number, encoding: Encoding): boolean {
    if (!this.head.persistent || encoding === ENCODING.UNTIL_CLOSE) return false;
    // A request that is rejected unread would have to be read to its end before the next one.
    return this.requestComplete || status < 400;
  }

  /** @internal The final head is out, or as good as out. */
  protected begin(
    status: number,
    headers: HeaderSection,
    encoding: Encoding,
    contentLength: number | null,
  ): void {
    this.#phase = PHASE.BODY;
    this.#status = status;
    this.#sentHeaders = headers;
    this.#encoding = encoding;
    this.#remaining = contentLength ?? 0;
    if (this.meter !== null) this.meter.onHead(this);
  }

  #over(): void {
    this.#phase = PHASE.DONE;
    if (this.meter !== null) this.meter.onOver(this);
  }

  /** @internal Ends HTTP: the head of a 101 is about to be written. */
  protected beginSwitch(fields: ReadonlyFieldSection, tunnel: Tunnel): void {
    checkFields(fields);
    checkTunnel(tunnel);
    if (this.#phase !== PHASE.HEAD) throw misuse('cannot upgrade after the response head was sent');
    if (!this.head.upgrade || !this.requestComplete) {
      throw misuse('cannot upgrade to a protocol that the request does not offer');
    }
    this.#status = 101;
    this.#sentHeaders = HeaderSection.parsed([...fields]);
    if (this.meter !== null) this.meter.onHead(this);
    this.#over();
  }
}
