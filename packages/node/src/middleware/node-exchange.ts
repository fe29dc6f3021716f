/** An exchange over a request and a response of Node, whose the connection is. */
import type { Socket } from 'node:net';
import {
  type ClientConnection,
  clientConnection,
  Exchange,
  type PeerCertificates,
  type SwitchedSocket,
  type Tunnel,
} from '@reverseit/core';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ReverseItError, timedOut } from '@reverseit/core/errors';
import type { HeaderSection, ReadonlyFieldSection } from '@reverseit/core/http';
import { ENCODING, type RequestHead } from '@reverseit/core/http1';
import { ignoreError } from '@reverseit/core/internal';
import {
  callBody,
  callBodyEnd,
  callDrain,
  clientAddress,
  demandsUpgrade,
  peerCertificates,
  SendWatch,
  type WatchedSender,
} from '@reverseit/core/internal/server';
import type { OpenItem } from '../lifecycle/open-set.ts';
import { isHttp2Response, type NodeRequest, type NodeResponse } from './messages/node-messages.ts';
import { mountPathOf } from './mount-path.ts';
import { NodeRequestBody } from './node-request-body.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import { Http1Response } from './responses/http1-response.ts';
import { Http2Response } from './responses/http2-response.ts';
import type { ResponseSide } from './responses/response-side.ts';
import { sessionClient } from './session-client.ts';
import type { UpgradeBody } from './upgrade-body.ts';

/** How long the rest of a request is read and dropped after an early response, in ms. */
const discardTimeout = 5000;

export class NodeExchange extends Exchange implements OpenItem, WatchedSender, DeadlineTarget {
  // Links of the list of what is open.
  previous: OpenItem | null = null;
  next: OpenItem | null = null;
  // Noted while they can be had: without its socket a request over HTTP/2 throws.
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly #localAddress: string;
  readonly #socket: Socket;
  readonly encrypted: boolean;
  override readonly mountPath: string;
  readonly #owner: OpenExchanges;
  readonly #request: NodeRequest | UpgradeBody;
  readonly #response: NodeResponse;
  readonly #side: ResponseSide;
  readonly #requestDeadline = new Deadline(this, 0);
  readonly #sendWatch: SendWatch;
  readonly #listeners = {
    data: (chunk: Buffer) => this.#onBody(chunk),
    end: () => this.#onBodyEnd(),
    gone: () => this.onRequestOver(),
  };
  /** The request has been read to its end. */
  #complete: boolean;
  #reading = false;
  /** Since it is first read. */
  #body: NodeRequestBody | null = null;
  #idle: DeadlineQueue | null = null;
  /** Nothing more should be written until `drain`. */
  #blocked = false;
  #responseClosed = false;
  /** We are cutting it off. */
  #aborting = false;
  /** Listens to the socket. */
  #watching = false;

  constructor(
    owner: OpenExchanges,
    head: RequestHead,
    request: NodeRequest | UpgradeBody,
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
    this.#socket = socket;
    this.#localAddress = clientAddress(socket.localAddress);
    this.encrypted = 'encrypted' in socket && socket.encrypted === true;
    this.mountPath = mountPathOf(response.req as NodeRequest);
    response.on('drain', () => this.onDrain());
    response.on('close', () => this.#onResponseClose());
    // What fails is told by `close`.
    response.on('error', ignoreError);
    // A stream that is reset with NO_ERROR ends its request as if it were complete, but tells this before.
    if (this.#side.multiplexed) request.on('aborted', () => this.#onStreamAborted());
    if (!this.#complete) {
      request.on('close', () => this.#onRequestClose());
      request.on('error', ignoreError);
    }
    owner.add(this);
  }

  get client(): ClientConnection | null {
    return isHttp2Response(this.#response)
      ? sessionClient(this.#response)
      : clientConnection(this.#socket);
  }

  override get localAddress(): string {
    return this.#localAddress;
  }

  override get peerCertificates(): PeerCertificates | null {
    return peerCertificates(this.#socket);
  }

  /** The request of Node itself. */
  get nodeRequest(): NodeRequest {
    return this.#response.req as NodeRequest;
  }

  get requestComplete(): boolean {
    return this.#complete;
  }

  get needsDrain(): boolean {
    return this.#blocked;
  }

  /** `node:http` does not tell. */
  get isFlushed(): boolean {
    return false;
  }

  // The request

  readBody(idleTimeout: number): void {
    if (this.done || this.#complete || this.#reading) return;
    this.#reading = true;
    this.#idle = this.#owner.deadlines.queue(idleTimeout);
    this.#idle.arm(this.#requestDeadline);
    if (this.#body === null) {
      const { multiplexed } = this.#side;
      this.#body = new NodeRequestBody(this.#request, multiplexed, (chunk) =>
        callBody(this, chunk),
      );
      if (this.head.expectContinue && !this.headSent) this.#side.sendContinue();
      this.#request.on('data', this.#listeners.data);
      this.#request.on('end', this.#listeners.end);
    }
    this.#body.resume();
  }

  pauseBody(): void {
    if (this.done || !this.#reading) return;
    this.#reading = false;
    this.#requestDeadline.clear();
    this.#body?.pause();
  }

  releaseChunk(_chunk: Buffer): void {
    // The application may listen to the request as well.
  }

  #onBody(chunk: Buffer): void {
    this.#idle?.arm(this.#requestDeadline);
    this.#body?.onData(chunk);
  }

  #onBodyEnd(): void {
    this.#body?.flush();
    this.#complete = true;
    this.#reading = false;
    this.#requestDeadline.clear();
    // Requests that frameworks inject for tests have none.
    callBodyEnd(this, this.#request.rawTrailers ?? []);
  }

  /** The request has ended, or its connection or stream has. */
  #onRequestClose(): void {
    if (!this.done && !this.#complete) this.#abort(createError('RIT_ERR_CLIENT_ABORTED'));
    this.onRequestOver();
  }

  /** RFC 9113 §8.1: the client has reset the stream, whatever for. Node tells it of what we cut as well. */
  #onStreamAborted(): void {
    if (!this.done && !this.#aborting) this.#abort(createError('RIT_ERR_CLIENT_ABORTED'));
  }

  /** Nothing more comes of the request. */
  protected onRequestOver(): void {
    this.#complete = true;
    this.#requestDeadline.clear();
    this.#body?.stop();
    this.#side.endAtOnce();
    this.#settle();
  }

  // The response

  protected writeInterim(status: number, fields: ReadonlyFieldSection): void {
    this.#side.sendInterim(status, fields);
  }

  protected writeHead(
    status: number,
    reason: string,
    headers: HeaderSection,
    contentLength: number | null,
  ): void {
    const encoding = this.encodingFor(status, contentLength);
    const framing = encoding === ENCODING.CHUNKED ? ['transfer-encoding', 'chunked'] : [];
    const close = this.mayPersist(status, encoding) ? [] : ['close'];
    const options = demandsUpgrade(status, headers) ? ['upgrade', ...close] : close;
    if (options.length > 0) framing.push('connection', options.join(', '));
    try {
      this.#side.writeHead(status, reason, headers.fields, framing);
    } catch (cause) {
      // The application has written to the same response.
      const error = createError('RIT_ERR_INTERNAL', 'the response cannot be written', { cause });
      if (this.#response.headersSent) this.#lose(error);
      else this.#abort(error);
      return;
    }
    this.begin(status, headers, encoding, contentLength);
    // Leaves with the first body, where that comes at once.
    process.nextTick(flushHead, this.#side);
  }

  protected writeBody(chunk: Buffer): void {
    if (this.#side.write(chunk)) return;
    this.#blocked = true;
    this.#sendWatch.start();
  }

  protected finish(trailers: ReadonlyFieldSection): void {
    if (this.#complete) this.#endResponse(trailers);
    else this.#endEarly(trailers);
  }

  /** The response is complete before the request, whose rest is read and dropped for a while. */
  #endEarly(trailers: ReadonlyFieldSection): void {
    this.armDiscard();
    this.#request.off('data', this.#listeners.data);
    this.#request.off('end', this.#listeners.end);
    this.#watchSocket();
    this.#side.lingerAtEnd();
    this.#endResponse(trailers);
    this.#request.resume();
  }

  /** The rest of the request body is not waited for. */
  protected forgetBody(): void {
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
    this.#side.end(trailers);
    // Who wraps `end` may do it later.
    if (this.#side.pending > 0 || !this.#response.writableEnded) this.#sendWatch.start();
  }

  /** Early data only exists on upgrades. */
  setEarlyDataLimit(_bytes: number): void {
    // See `NodeUpgrade`.
  }

  switchProtocols(_fields: ReadonlyFieldSection, _tunnel: Tunnel): SwitchedSocket {
    throw createError(
      'RIT_ERR_INTERNAL',
      'exchange: cannot upgrade to a protocol that the request does not offer',
    );
  }

  protected cut(): void {
    this.#side.cut();
  }

  /** The socket takes more. */
  protected onDrain(): void {
    this.#blocked = false;
    this.#sendWatch.stop();
    if (this.headSent && !this.done) callDrain(this);
  }

  #onResponseClose(): void {
    this.#responseClosed = true;
    this.#sendWatch.stop();
    if (!this.done) {
      this.#lose(
        this.#response.writableEnded
          ? createError('RIT_ERR_INTERNAL', 'the response was ended by other code')
          : createError('RIT_ERR_CLIENT_ABORTED'),
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
    return this.#side.taken;
  }

  onSendTimeout(): void {
    this.#abort(timedOut('RIT_ERR_SEND_TIMEOUT', this.#owner.sendDeadlines.ms));
  }

  onDeadline(): void {
    // It is not the client that is late.
    if (this.#body?.waitsForTurn === true) this.#idle?.arm(this.#requestDeadline);
    else if (!this.done) this.rejectBody(timedOut('RIT_ERR_BODY_TIMEOUT', this.#idle?.ms ?? 0));
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

  /** The client stalled within its body. */
  protected rejectBody(error: ReverseItError): void {
    this.pauseBody();
    this.refuse(error);
  }

  protected report(error: ReverseItError): void {
    this.#owner.report(error);
  }

  #abort(error: ReverseItError): void {
    this.#aborting = true;
    this.#side.cut();
    if (!this.done) this.#lose(error);
  }

  /** The response can no longer be completed. */
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
    this.#body?.stop();
    this.#sendWatch.stop();
    if (this.#watching) this.#request.socket.off('close', this.#listeners.gone);
    this.#owner.remove(this);
  }
}

function flushHead(side: ResponseSide): void {
  side.flushHead();
}
