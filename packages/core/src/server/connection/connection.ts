/**
 * One client connection: runs exchanges one at a time and in order, and ends in one of four ways: with a
 * lingering close, with a reset, by its client, or as the tunnel of another protocol. Its requests are read by
 * the other half (`connection-input.ts`).
 */
import type { Socket } from 'node:net';
import { createError, ReverseItError } from '../../errors/reverseit-error.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import { letGo } from '../../socket/let-go.ts';
import { SocketWriter, type SocketWriterOwner } from '../../socket/socket-writer.ts';
import { isEncrypted } from '../client/connection-ends.ts';
import { errorResponse, errorText } from '../exchange/error-response.ts';
import type { Exchange, SwitchedSocket, Tunnel } from '../exchange/exchange.ts';
import { callDrain } from '../exchange/handler-calls.ts';
import { RejectedRequest } from '../exchange/rejected-request.ts';
import type { OpenConnection, ServerContext } from '../exchange/server-context.ts';
import { ConnectionExchange, type ExchangeConnection } from './connection-exchange.ts';
import { ConnectionInput } from './connection-input.ts';
import { EVENT, READING } from './connection-state.ts';
import { cutSocket } from './cut-socket.ts';
import { endTunnel } from './end-tunnel.ts';
import { LingeringClose } from './lingering-close.ts';
import { PeerProbe, type ProbedConnection } from './peer-probe.ts';

export class Connection
  extends ConnectionInput
  implements OpenConnection, ExchangeConnection, SocketWriterOwner, ProbedConnection
{
  // Links of the server's list of connections.
  previous: OpenConnection | null = null;
  next: OpenConnection | null = null;
  readonly proxyHeader: ProxyHeader | null;
  readonly writer: SocketWriter;
  /** What a switch of protocols takes off the socket again. */
  readonly #listeners: { readonly drain: () => void; readonly end: () => void };
  /** Made when a client that has sent FIN waits for its response. */
  #probe: PeerProbe | null = null;
  #tunnel: Tunnel | null = null;

  constructor(context: ServerContext, socket: Socket, proxyHeader: ProxyHeader | null = null) {
    super(context, socket);
    this.proxyHeader = proxyHeader;
    this.writer = new SocketWriter(socket, context.sendDeadlines, this);
    this.#listeners = { drain: () => this.#onDrain(), end: () => this.#onEnd() };
    socket.on('drain', this.#listeners.drain);
    socket.on('end', this.#listeners.end);
    socket.on('error', (error) => this.#onClose(error));
    socket.on('close', () => {
      this.#onClose(undefined);
      this.feed.close();
      context.onConnectionClosed(this);
      letGo(socket);
    });
    this.readDeadline.awaitHead();
  }

  /** The socket was paused; `early` was read from it before. */
  begin(early: Buffer | null): void {
    this.feed.begin(early);
  }

  /**
   * Ends the connection with its response, or where it is idle. If it became idle only now, a client that
   * is busy may be sending its next request already, which is still served.
   */
  shutdown(): void {
    if (this.#tunnel !== null) endTunnel(this.#tunnel, null, this.context);
    else if (!this.state.open || !this.idle) return;
    else if (this.readDeadline.isFresh) this.readDeadline.awaitLastRequest();
    else this.finish();
  }

  /** Cuts the connection at once. */
  destroy(error: ReverseItError): void {
    const isComplete = !this.state.responding && this.socket.writableLength === 0;
    if (this.#tunnel !== null) endTunnel(this.#tunnel, error, this.context);
    this.#onClose(error);
    if (this.#tunnel !== null || isComplete) this.socket.destroy();
    else cutSocket(this.socket);
  }

  // The response

  protected makeExchange(head: RequestHead): Exchange {
    return new ConnectionExchange(head, this);
  }

  protected get isBlocked(): boolean {
    return this.writer.needsDrain;
  }

  takeProbed(): number {
    return this.#probe === null ? 0 : this.#probe.begin();
  }

  onHeadSent(): void {
    this.state.on(EVENT.RESPONSE);
  }

  onResponseEnd(keepAlive: boolean): void {
    if (!this.state.open) return;
    this.state.on(EVENT.RESPONSE_END);
    this.#stopProbe();
    this.context.onExchangeEnd(this);
    if (!keepAlive || this.context.closing || this.state.reading === READING.FAILED) {
      this.finish();
      return;
    }
    if (this.state.reading === READING.DISCARDING) this.readDeadline.awaitRest();
    this.feed.resume();
  }

  report(error: ReverseItError): void {
    this.context.onFailure(error);
  }

  detachSocket(head: string, tunnel: Tunnel): SwitchedSocket {
    if (this.feed.feeding) {
      throw createError(
        'RIT_ERR_INTERNAL',
        'cannot upgrade inside the request listener; do it in a later turn',
      );
    }
    const { socket } = this;
    this.writer.pushAndFlush(head);
    this.context.onExchangeEnd(this);
    this.exchange = null;
    const early = this.feed.detach();
    this.#detach(EVENT.SWITCH);
    this.#tunnel = tunnel;
    const { drain, end } = this.#listeners;
    socket.off('drain', drain).off('end', end);
    return { socket, early, exclusive: true };
  }

  #onDrain(): void {
    if (!this.state.open) return;
    this.writer.onDrain();
    const exchange = this.responding;
    if (exchange !== null) callDrain(exchange);
    else this.feed.resume();
  }

  // Ending

  #onEnd(): void {
    if (!this.state.open) return;
    this.state.on(EVENT.PEER_END);
    const { reading } = this.state;
    if (!this.state.responding) {
      if (!this.feed.holdsBytes) this.finish();
    } else if (reading === READING.DONE || reading === READING.FAILED || this.feed.holdsBytes) {
      this.onHalfClose();
    } else this.abort(createError('RIT_ERR_INCOMPLETE_BODY'));
  }

  /** The client has sent FIN while it waits for its response: half-closed, or gone? */
  protected onHalfClose(): void {
    const exchange = this.responding;
    if (exchange === null) return;
    const { halfClose, deadlines } = this.context;
    if (halfClose === 'abort') this.abort(undefined);
    else if (halfClose === 'probe') this.#probe ??= new PeerProbe(exchange, this, deadlines);
  }

  #stopProbe(): void {
    this.#probe?.stop();
    this.#probe = null;
  }

  /** Answers an error of the client's own, after which nothing can be read, and ends the connection. */
  refuse(error: ReverseItError): void {
    const exchange = this.exchange;
    if (exchange === null) {
      this.#reject(error);
      this.finish();
    } else if (this.state.responding) {
      this.state.on(EVENT.FAULT);
      this.readDeadline.clear();
      exchange.refuse(error);
    } else this.finish();
  }

  /** A request is rejected that has not become an exchange. */
  #reject(error: ReverseItError): void {
    const { requestLine, isHeadRequest } = this.feed;
    const { status } = error;
    const bytesSent = status === 0 || isHeadRequest ? 0 : errorText(status).length;
    this.context.onRefusal(error, new RejectedRequest(this, requestLine, { status, bytesSent }));
    if (status === 0) return;
    const fields = this.context.refusalFields(error);
    this.writer.pushAndFlush(errorResponse(error, isHeadRequest, fields));
  }

  /** Cuts the connection: a response in progress must not look complete. */
  abort(cause: ReverseItError | undefined): void {
    if (!this.state.open) return;
    // Responses to the requests before.
    this.writer.flush();
    try {
      this.#onClose(cause);
    } finally {
      cutSocket(this.socket);
    }
  }

  /** Ends the connection in good order: what is written is delivered, what still comes is dropped. */
  finish(): void {
    if (!this.state.open) return;
    const { peerEnded } = this.state;
    const isRead = this.isRead;
    this.writer.flush();
    this.exchange = null;
    this.#detach(EVENT.FINISH);
    // TLS has a word to say at its end.
    const isDelivered = this.writer.isFlushed && !isEncrypted(this);
    if (isRead && isDelivered) this.socket.destroy();
    else new LingeringClose(this.socket, this.context, peerEnded);
  }

  #onClose(cause: Error | undefined): void {
    if (!this.state.open) return;
    const exchange = this.responding;
    this.exchange = null;
    this.#detach(EVENT.CLOSE);
    if (exchange === null) return;
    this.context.onExchangeEnd(this);
    // Unless it is the exchange that cuts the connection.
    if (exchange.done) return;
    exchange.abandon(
      cause instanceof ReverseItError
        ? cause
        : createError('RIT_ERR_CLIENT_ABORTED', undefined, { cause }),
    );
  }

  #detach(event: typeof EVENT.FINISH | typeof EVENT.SWITCH | typeof EVENT.CLOSE): void {
    this.state.on(event);
    this.readDeadline.clear();
    this.writer.stop();
    this.#stopProbe();
    this.feed.stop();
  }
}
