/** An exchange over a request and a response of Node, whose the connection is. */
import {
  clientAddress,
  demandsUpgrade,
  ENCODING,
  Exchange,
  type RequestHead,
  SendWatch,
  type SwitchedSocket,
  silentHandler,
  type Tunnel,
  type WatchedSender,
} from '@reverseit/core';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { fail, type ReverseItError, timedOut } from '@reverseit/core/errors';
import type { ReadonlyFieldSection } from '@reverseit/core/http';
import type { OpenItem } from '../proxy/open-set.ts';
import { Http1Response } from './http1-response.ts';
import { Http2Response } from './http2-response.ts';
import { isHttp2Response, type NodeRequest, type NodeResponse } from './node-messages.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import type { ResponseSide } from './response-side.ts';
import type { UpgradeContent } from './upgrade-content.ts';

/** How long the rest of a request is read and dropped behind an early response, in ms. */
const discardTimeout = 5000;

const noFields: ReadonlyFieldSection = [];

export class NodeExchange extends Exchange implements OpenItem, WatchedSender, DeadlineTarget {
  // Noted while they can be had: without its socket a request over HTTP/2 throws.
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly encrypted: boolean;
  readonly #owner: OpenExchanges;
  readonly #request: NodeRequest | UpgradeContent;
  readonly #response: NodeResponse;
  readonly #side: ResponseSide;
  readonly #requestDeadline = new Deadline(this, 0);
  readonly #sendWatch: SendWatch;
  readonly #listeners = {
    data: (piece: Buffer) => this.#onContent(piece),
    end: () => this.#onContentEnd(),
    gone: () => this.onRequestOver(),
  };
  /** The request has been read to its end. */
  #complete: boolean;
  #reading = false;
  #listening = false;
  #idle: DeadlineQueue | null = null;
  /** Nothing more should be written until `drain`. */
  #blocked = false;
  /** The response is complete, and is only ended when the request is. */
  #endHeld = false;
  #responseClosed = false;
  /** Listens to the socket. */
  #watching = false;

  constructor(
    owner: OpenExchanges,
    head: RequestHead,
    request: NodeRequest | UpgradeContent,
    response: NodeResponse,
  ) {
    super(head);
    this.#owner = owner;
    this.#sendWatch = new SendWatch(this, owner.sendDeadlines);
    this.#request = request;
    this.#response = response;
    this.#side = isHttp2Response(response)
      ? new Http2Response(response)
      : new Http1Response(response);
    this.#complete = head.contentLength === 0 || request.readableEnded;
    const { socket } = request;
    this.remoteAddress = clientAddress(socket.remoteAddress);
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

  get needsDrain(): boolean {
    return this.#blocked;
  }

  /** `node:http` does not tell. */
  get settled(): boolean {
    return false;
  }

  // The request

  readContent(idleTimeout: number): void {
    if (this.done || this.#complete || this.#reading) return;
    this.#reading = true;
    this.#idle = this.#owner.deadlines.queue(idleTimeout);
    this.#idle.arm(this.#requestDeadline);
    if (!this.#listening) {
      this.#listening = true;
      if (this.head.expectContinue && !this.headSent) this.#side.sendContinue();
      this.#request.on('data', this.#listeners.data);
      this.#request.on('end', this.#listeners.end);
    }
    this.#request.resume();
  }

  pauseContent(): void {
    if (this.done || !this.#reading) return;
    this.#reading = false;
    this.#requestDeadline.clear();
    this.#request.pause();
  }

  get takesLines(): boolean {
    return false;
  }

  giveBack(_piece: Buffer): void {
    // The application may listen to the request as well.
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
    if (!this.done && !this.#complete) this.#abort(fail('RIT_ERR_CLIENT_ABORTED'));
    this.onRequestOver();
  }

  /** Nothing more comes of the request. */
  protected onRequestOver(): void {
    this.#complete = true;
    this.#requestDeadline.clear();
    if (this.#endHeld) this.#endResponse(noFields);
    this.#settle();
  }

  // The response

  protected writeInterim(status: number, fields: ReadonlyFieldSection): void {
    if (status === 103) this.#side.sendHints(fields);
  }

  sendHead(
    status: number,
    reason: string,
    fields: ReadonlyFieldSection | string,
    contentLength: number | null,
  ): void {
    if (typeof fields === 'string') throw fail('RIT_ERR_INTERNAL', 'Node takes fields, not lines');
    if (!this.mayBegin(status)) return;
    const encoding = this.encodingFor(status, contentLength);
    const framing = encoding === ENCODING.CHUNKED ? ['transfer-encoding', 'chunked'] : [];
    const close = this.mayPersist(status, encoding) ? [] : ['close'];
    const options = demandsUpgrade(status, fields) ? ['upgrade', ...close] : close;
    if (options.length > 0) framing.push('connection', options.join(', '));
    try {
      this.#side.writeHead(status, reason, fields, framing);
    } catch (cause) {
      // The application is at the same response.
      const error = fail('RIT_ERR_INTERNAL', 'the response cannot be written', { cause });
      if (this.#response.headersSent) this.#lose(error);
      else this.#abort(error);
      return;
    }
    this.begin(status, encoding, contentLength);
    // Leaves with the first content, where that comes at once.
    process.nextTick(flushHead, this.#side);
  }

  protected writeContent(piece: Buffer): void {
    if (this.#side.write(piece)) return;
    this.#blocked = true;
    this.#sendWatch.start();
  }

  protected finish(trailers: ReadonlyFieldSection): void {
    if (this.#complete) this.#endResponse(trailers);
    else this.#endEarly(trailers);
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
    this.#endHeld = !this.#side.multiplexed && this.encoding <= ENCODING.LENGTH;
    if (this.#endHeld) this.#side.flushHead();
    else this.#endResponse(trailers);
    this.#request.resume();
  }

  /** Content of the request that has not come is not waited for. */
  protected forgetContent(): void {
    this.#complete = true;
    this.#requestDeadline.clear();
    this.#request.off('data', this.#listeners.data);
    this.#request.off('end', this.#listeners.end);
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
    if (this.#side.pending > 0) this.#sendWatch.start();
  }

  /** Nothing but a request follows a request. */
  holdUpTo(_bytes: number): void {
    // See `NodeUpgrade`.
  }

  switchProtocols(_fields: ReadonlyFieldSection, _tunnel: Tunnel): SwitchedSocket {
    throw fail(
      'RIT_ERR_INTERNAL',
      'exchange: a switch of protocols that the request does not offer',
    );
  }

  protected cut(): void {
    this.#side.cut();
  }

  /** The socket takes more. */
  protected onDrain(): void {
    this.#blocked = false;
    this.#sendWatch.stop();
    if (this.headSent && !this.done) this.handler.onDrain();
  }

  #onResponseClose(): void {
    this.#responseClosed = true;
    this.#sendWatch.stop();
    if (!this.done) {
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

  get bytesTaken(): number {
    return -this.#side.pending;
  }

  onSendTimeout(): void {
    this.#abort(timedOut('RIT_ERR_SEND_TIMEOUT', this.#owner.sendDeadlines.ms));
  }

  onDeadline(): void {
    if (!this.done) this.refuse(timedOut('RIT_ERR_BODY_TIMEOUT', this.#idle?.ms ?? 0));
    else if (this.#side.pending > 0) this.armDiscard();
    else {
      this.#side.dropRequest();
      this.onRequestOver();
    }
  }

  /** What still comes is dropped for so long. */
  protected armDiscard(): void {
    this.#owner.deadlines.queue(discardTimeout).arm(this.#requestDeadline);
  }

  /** Answers an error of the client's own. */
  protected refuse(error: ReverseItError): void {
    const { handler } = this;
    this.handler = silentHandler;
    // The answer first: it may still be sent, which an aborted exchange cannot.
    this.fail(error);
    handler.onAbort(error);
  }

  #abort(error: ReverseItError): void {
    this.#side.cut();
    if (!this.done) this.#lose(error);
  }

  /** The response is out of our hands. */
  #lose(error: ReverseItError): void {
    if (!this.#complete) this.#watchSocket();
    this.abandon(error);
  }

  /** Forgets the exchange when nothing of it is left. */
  #settle(): void {
    if (this.#responseClosed && this.#complete) this.release();
  }

  protected release(): void {
    this.#requestDeadline.clear();
    this.#sendWatch.stop();
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
