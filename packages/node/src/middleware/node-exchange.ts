/**
 * An exchange over a request and a response of Node. What core's exchange promises holds here too: one
 * final head, content that matches its framing, and a cut rather than a short response that looks
 * complete. The connection is Node's.
 */
import {
  type ExchangeHandler,
  errorFields,
  errorText,
  type RequestHead,
  type SwitchedSocket,
  silentHandler,
  type Tunnel,
  wholeResponseFields,
} from '@reverseit/core';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { fail, type ReverseItError } from '@reverseit/core/errors';
import { isBodiless, type ReadonlyFieldSection } from '@reverseit/core/http';
import type { ClientExchange } from '../proxy/client-exchange.ts';
import { Http1Response } from './http1-response.ts';
import { Http2Response } from './http2-response.ts';
import { isHttp2Response, type NodeRequest, type NodeResponse } from './node-messages.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import type { ResponseSide } from './response-side.ts';

/** How long the rest of a request is read and dropped behind an early response, in ms. */
const discardTimeout = 5000;

const WAIT = { REQUEST: 0, SEND: 1 } as const;

const PHASE = { HEAD: 0, CONTENT: 1, DONE: 2 } as const;
type Phase = (typeof PHASE)[keyof typeof PHASE];

/** How the end of a response's content is told. */
const ENCODING = { NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const;
type Encoding = (typeof ENCODING)[keyof typeof ENCODING];

const noFields: ReadonlyFieldSection = [];

export class NodeExchange implements ClientExchange, DeadlineTarget {
  readonly head: RequestHead;
  handler: ExchangeHandler = silentHandler;
  // Noted while they can be had: without its socket a request over HTTP/2 throws.
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly encrypted: boolean;
  readonly #owner: OpenExchanges;
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;
  readonly #side: ResponseSide;
  readonly #requestDeadline = new Deadline(this, WAIT.REQUEST);
  readonly #sendDeadline = new Deadline(this, WAIT.SEND);
  readonly #listeners = {
    data: (piece: Buffer) => this.#onContent(piece),
    end: () => this.#onContentEnd(),
    gone: () => this.#onRequestOver(),
  };
  #phase: Phase = PHASE.HEAD;
  #encoding: Encoding = ENCODING.NONE;
  #remaining = 0;
  #status = 0;
  #bytesSent = 0;
  /** The request has been read to its end. */
  #complete: boolean;
  #reading = false;
  #listening = false;
  #idle: DeadlineQueue | null = null;
  /** Nothing more should be written until `drain`. */
  #blocked = false;
  /** Bytes that were not sent yet when the send deadline was armed. */
  #unsent = 0;
  /** The response is complete, and is only ended when the request is. */
  #endHeld = false;
  #responseClosed = false;
  /** Listens to the socket. */
  #watching = false;

  constructor(
    owner: OpenExchanges,
    head: RequestHead,
    request: NodeRequest,
    response: NodeResponse,
  ) {
    this.#owner = owner;
    this.head = head;
    this.#request = request;
    this.#response = response;
    this.#side = isHttp2Response(response)
      ? new Http2Response(response)
      : new Http1Response(response);
    this.#complete = head.contentLength === 0 || request.readableEnded;
    const { socket } = request;
    this.remoteAddress = ipv4OrSame(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localPort = socket.localPort ?? 0;
    this.encrypted = 'encrypted' in socket && socket.encrypted === true;
    response.on('drain', () => this.onDrain());
    response.on('close', () => this.#onResponseClose());
    // What fails is told by `close`.
    response.on('error', ignore);
    if (!this.#complete) {
      request.on('close', () => this.#onRequestClose());
      request.on('error', ignore);
    }
    owner.add(this);
  }

  get requestComplete(): boolean {
    return this.#complete;
  }

  get headSent(): boolean {
    return this.#phase !== PHASE.HEAD;
  }

  get chunked(): boolean {
    return this.#encoding === ENCODING.CHUNKED;
  }

  get done(): boolean {
    return this.#phase === PHASE.DONE;
  }

  get status(): number {
    return this.#status;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  get needsDrain(): boolean {
    return this.#blocked;
  }

  /** `node:http` does not tell. */
  get settled(): boolean {
    return false;
  }

  // The request

  readContent(idleTimeout: number): void {
    if (this.#phase === PHASE.DONE || this.#complete || this.#reading) return;
    this.#reading = true;
    this.#idle = this.#owner.deadlines.queue(idleTimeout);
    this.#idle.arm(this.#requestDeadline);
    if (!this.#listening) {
      this.#listening = true;
      if (this.head.expectContinue && this.#phase === PHASE.HEAD) this.#side.sendContinue();
      this.#request.on('data', this.#listeners.data);
      this.#request.on('end', this.#listeners.end);
    }
    this.#request.resume();
  }

  pauseContent(): void {
    if (this.#phase === PHASE.DONE || !this.#reading) return;
    this.#reading = false;
    this.#requestDeadline.clear();
    this.#request.pause();
  }

  #onContent(piece: Buffer): void {
    this.#idle?.arm(this.#requestDeadline);
    this.handler.onContent(piece);
  }

  #onContentEnd(): void {
    this.#complete = true;
    this.#reading = false;
    this.#requestDeadline.clear();
    this.handler.onContentEnd(this.#request.rawTrailers);
  }

  /** The request has ended, or its connection or stream has. */
  #onRequestClose(): void {
    if (this.#phase !== PHASE.DONE && !this.#complete) this.#abort(fail('RIT_ERR_CLIENT_ABORTED'));
    this.#onRequestOver();
  }

  /** Nothing more comes of the request. */
  #onRequestOver(): void {
    this.#complete = true;
    this.#requestDeadline.clear();
    if (this.#endHeld) this.#endResponse(noFields);
    this.#settle();
  }

  // The response

  sendInterim(status: number, fields: ReadonlyFieldSection): void {
    if (this.#phase !== PHASE.HEAD || this.head.minorVersion === 0) return;
    if (status === 103) this.#side.sendHints(fields);
  }

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
    const encoding = this.#encodingFor(status, contentLength);
    const framing = encoding === ENCODING.CHUNKED ? ['transfer-encoding', 'chunked'] : [];
    if (!this.#mayPersist(status)) framing.push('connection', 'close');
    try {
      this.#side.writeHead(status, reason, fields, framing);
    } catch (cause) {
      // The application is at the same response.
      const error = fail('RIT_ERR_INTERNAL', 'the response cannot be written', { cause });
      if (this.#response.headersSent) this.#lose(error);
      else this.#abort(error);
      return;
    }
    this.#phase = PHASE.CONTENT;
    this.#status = status;
    this.#encoding = encoding;
    if (contentLength !== null) this.#remaining = contentLength;
    // Leaves with the first content, where that comes at once.
    process.nextTick(flushHead, this.#side);
  }

  #encodingFor(status: number, contentLength: number | null): Encoding {
    if (isBodiless(this.head.method, status)) return ENCODING.NONE;
    if (contentLength !== null) return ENCODING.LENGTH;
    return this.head.minorVersion === 1 ? ENCODING.CHUNKED : ENCODING.UNTIL_CLOSE;
  }

  /** As core: a request that is refused unread would have to be read to its end before the next one. */
  #mayPersist(status: number): boolean {
    return this.head.persistent && (this.#complete || status < 400);
  }

  write(piece: Buffer): boolean {
    if (this.#phase !== PHASE.CONTENT) {
      if (this.#phase === PHASE.DONE) return true;
      throw misuse('content before the head');
    }
    if (piece.length === 0 || this.#encoding === ENCODING.NONE) return !this.#blocked;
    if (this.#encoding === ENCODING.LENGTH) {
      this.#remaining -= piece.length;
      if (this.#remaining < 0) {
        this.reset();
        throw misuse('more content than announced');
      }
    }
    this.#bytesSent += piece.length;
    if (!this.#side.write(piece)) {
      this.#blocked = true;
      if (!this.#sendDeadline.armed) this.#armSend();
    }
    return !this.#blocked;
  }

  end(trailers: ReadonlyFieldSection = noFields): void {
    if (this.#phase === PHASE.DONE) return;
    if (this.#phase === PHASE.HEAD) throw misuse('the end before the head');
    if (this.#encoding === ENCODING.LENGTH && this.#remaining > 0) {
      this.reset();
      return;
    }
    this.#phase = PHASE.DONE;
    const sent = this.#encoding === ENCODING.CHUNKED ? trailers : noFields;
    if (this.#complete) this.#endResponse(sent);
    else this.#endEarly(sent);
  }

  /**
   * The response is complete before the request, whose rest is read and dropped for a while. Node would
   * close a connection that ends with its response at once, and answer what the client still sends with a
   * reset, which destroys a response that was not read yet (RFC 9112 §9.6). So there the response is
   * not ended before the request, unless its end must be written.
   */
  #endEarly(trailers: ReadonlyFieldSection): void {
    this.armDiscard();
    this.#request.off('data', this.#listeners.data);
    this.#request.off('end', this.#listeners.end);
    this.#watchSocket();
    this.#endHeld = !this.#side.multiplexed && this.#encoding <= ENCODING.LENGTH;
    if (this.#endHeld) this.#side.flushHead();
    else this.#endResponse(trailers);
    this.#request.resume();
  }

  /** Node forgets a request whose response has ended: only its socket tells then that it is over. */
  #watchSocket(): void {
    if (this.#side.multiplexed) return;
    this.#request.socket.on('close', this.#listeners.gone);
    this.#watching = true;
  }

  #endResponse(trailers: ReadonlyFieldSection): void {
    this.#endHeld = false;
    this.#side.end(trailers);
    if (this.#side.pending > 0 && !this.#sendDeadline.armed) this.#armSend();
  }

  respond(status: number, fields: ReadonlyFieldSection, body: string | Buffer): void {
    const content = typeof body === 'string' ? Buffer.from(body) : body;
    const all = wholeResponseFields(status, fields, content.length);
    this.sendHead(status, '', all, content.length);
    this.write(content);
    this.end();
  }

  /** Nothing but a request follows a request. */
  holdUpTo(_bytes: number): void {
    // See `NodeUpgrade`.
  }

  switchProtocols(_fields: ReadonlyFieldSection, _tunnel: Tunnel): SwitchedSocket {
    throw misuse('a switch of protocols that the request does not offer');
  }

  /** Ends the exchange with 101, for whoever then takes its socket. */
  protected beginSwitch(): void {
    if (this.#phase !== PHASE.HEAD) throw misuse('a switch of protocols behind a final head');
    this.#phase = PHASE.DONE;
    this.#status = 101;
  }

  fail(error: ReverseItError): void {
    if (this.#phase === PHASE.DONE) return;
    if (this.#phase !== PHASE.HEAD || error.status === 0) {
      this.reset();
      return;
    }
    if (error.connection !== 'keep') this.head.persistent = false;
    this.respond(error.status, errorFields(error), errorText(error.status));
  }

  reset(): void {
    if (this.#phase === PHASE.DONE) return;
    this.#phase = PHASE.DONE;
    this.#side.cut();
  }

  /** The socket takes more. */
  protected onDrain(): void {
    this.#blocked = false;
    this.#sendDeadline.clear();
    if (this.#phase === PHASE.CONTENT) this.handler.onDrain();
  }

  #onResponseClose(): void {
    this.#responseClosed = true;
    this.#sendDeadline.clear();
    if (this.#phase !== PHASE.DONE) {
      this.#lose(
        this.#response.writableEnded
          ? fail('RIT_ERR_INTERNAL', 'the response was ended by somebody else')
          : fail('RIT_ERR_CLIENT_ABORTED'),
      );
    }
    this.#settle();
  }

  // Ending

  /** Ends the exchange for a reason of the owner's. */
  destroy(error: ReverseItError): void {
    this.#abort(error);
  }

  onDeadline(kind: number): void {
    const { pending } = this.#side;
    if (kind === WAIT.SEND) {
      // Slow is not dead, as long as some of what waits has been taken.
      if (pending < this.#unsent) this.#armSend();
      else this.#abort(fail('RIT_ERR_SEND_TIMEOUT'));
    } else if (this.#phase !== PHASE.DONE) {
      this.#refuse(fail('RIT_ERR_BODY_TIMEOUT'));
    } else if (pending > 0) this.armDiscard();
    else {
      this.#side.dropRequest();
      this.#onRequestOver();
    }
  }

  /** What still comes is dropped for so long. */
  protected armDiscard(): void {
    this.#owner.deadlines.queue(discardTimeout).arm(this.#requestDeadline);
  }

  #armSend(): void {
    this.#unsent = this.#side.pending;
    this.#owner.sendDeadlines.arm(this.#sendDeadline);
  }

  /** Answers an error of the client's own. */
  #refuse(error: ReverseItError): void {
    const { handler } = this;
    this.handler = silentHandler;
    // The answer first: it may still be sent, which an aborted exchange cannot.
    this.fail(error);
    handler.onAbort(error);
  }

  #abort(error: ReverseItError): void {
    this.#side.cut();
    if (this.#phase !== PHASE.DONE) this.#lose(error);
  }

  /** The response is out of our hands. */
  #lose(error: ReverseItError): void {
    this.#phase = PHASE.DONE;
    if (!this.#complete) this.#watchSocket();
    this.handler.onAbort(error);
  }

  /** Forgets the exchange when nothing of it is left. */
  #settle(): void {
    if (this.#responseClosed && this.#complete) this.release();
  }

  protected release(): void {
    this.#requestDeadline.clear();
    this.#sendDeadline.clear();
    if (this.#watching) this.#request.socket.off('close', this.#listeners.gone);
    this.#owner.remove(this);
  }
}

function flushHead(side: ResponseSide): void {
  side.flushHead();
}

function ignore(): void {
  // `close` follows.
}

/** As core: backends know an IPv4 client by its IPv4 address (RFC 4291 §2.5.5.2). */
function ipv4OrSame(address: string): string {
  return address.startsWith('::ffff:') ? address.substring(7) : address;
}

function misuse(what: string): ReverseItError {
  return fail('RIT_ERR_INTERNAL', `exchange: ${what}`);
}
