/**
 * What stands between a socket that was accepted and its connection: a PROXY protocol header where one is due,
 * and a TLS handshake. Who fails at either never becomes a connection.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { ignoreError } from '../../io/ignore-error.ts';
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import type { DeadlineQueue, Deadlines } from '../../time/deadlines.ts';
import { clientAddress } from '../client/client-address.ts';
import { RejectedRequest } from '../exchange/rejected-request.ts';
import type { RefusalFields } from '../exchange/server-context.ts';
import { isPlainHttp, PlainHttpRefusal } from './plain-http.ts';
import { type ProxyHeaderDelegate, ProxyHeaderWait } from './proxy-header-wait.ts';
import type { ResolvedServerOptions } from './server-options.ts';
import { socketBelow } from './socket-below.ts';
import type { TlsAcceptor, TlsDelegate } from './tls-acceptor.ts';

/** A header is awaited for so long at most, in ms, where `requestHeaderTimeout` sets no limit. */
const longestHeader = 30_000;

/** Who listens. */
export interface AdmissionOwner {
  readonly limits: ResolvedServerOptions;
  readonly deadlines: Deadlines;
  readonly headDeadlines: DeadlineQueue;
  readonly refusalFields: RefusalFields;
  /** Null where clients speak plain HTTP. */
  readonly tls: TlsAcceptor | null;
  /** The socket becomes a connection, perhaps: it counts as one until it is closed. */
  watch(socket: Socket): void;
  /** The socket is a connection; it is paused where `header` is not null, and `early` was read of it. */
  accept(socket: Socket, header: ProxyHeader | null, early: Buffer | null): void;
  onRefusal(error: ReverseItError, request: RejectedRequest | null): void;
  onFailure(error: ReverseItError): void;
}

export class Admission implements TlsDelegate, ProxyHeaderDelegate {
  readonly #owner: AdmissionOwner;
  /** What came before TLS, by the socket below it. */
  #headers: WeakMap<Socket, ProxyHeader> | null = null;

  constructor(owner: AdmissionOwner) {
    this.#owner = owner;
  }

  /** Takes a socket that has just been accepted. */
  take(socket: Socket): void {
    const { limits, tls } = this.#owner;
    const { proxyProtocol } = limits;
    if (proxyProtocol === null) {
      if (tls !== null) this.#owner.watch(socket);
      this.#begin(socket, null, null);
      return;
    }
    this.#owner.watch(socket);
    // Before anything is read: whoever may speak for others decides about who they are.
    if (!proxyProtocol.from.hasPeer(socket.remoteAddress ?? '')) {
      this.onNoProxyHeader(socket, 'the peer is not trusted');
    } else {
      const { headDeadlines, deadlines } = this.#owner;
      const timeout = headDeadlines.ms > 0 ? headDeadlines : deadlines.queue(longestHeader);
      new ProxyHeaderWait(socket, timeout, this);
    }
  }

  #begin(socket: Socket, header: ProxyHeader | null, early: Buffer | null): void {
    const { tls } = this.#owner;
    // Plain, on a listener that has spoken TLS before, or the other way round.
    socket.allowHalfOpen = tls === null;
    if (tls === null) {
      this.#owner.accept(socket, header, early);
      return;
    }
    if (header !== null) {
      this.#headers ??= new WeakMap();
      this.#headers.set(socket, header);
    }
    if (early !== null) socket.unshift(early);
    tls.take(socket);
  }

  onProxyHeader(socket: Socket, header: ProxyHeader, early: Buffer | null): void {
    this.#begin(socket, header, early);
  }

  onNoProxyHeader(socket: Socket, reason: string): void {
    const peer = clientAddress(socket.remoteAddress);
    socket.on('error', ignoreError).destroy();
    const text = `no PROXY protocol header${peer === '' ? '' : ` from ${peer}`}: ${reason}`;
    this.#owner.onRefusal(createError('RIT_ERR_PROXY_PROTOCOL', text), null);
  }

  onSecure(socket: TLSSocket): void {
    socket.allowHalfOpen = true;
    // Whatever the options are by now: it is still the client's that its header names.
    const below = this.#headers === null ? null : socketBelow(socket);
    this.#owner.accept(socket, below === null ? null : (this.#headers?.get(below) ?? null), null);
  }

  onHandshakeFailed(error: Error, socket: Parameters<TlsDelegate['onHandshakeFailed']>[1]): void {
    if (isPlainHttp(error)) this.#refusePlainHttp(socket);
    else socket.destroy();
  }

  #refusePlainHttp(tlsSocket: TLSSocket): void {
    const socket = socketBelow(tlsSocket) ?? tlsSocket;
    const ends = { socket, proxyHeader: this.#headers?.get(socket) ?? null };
    const request = new RejectedRequest(ends, '', PlainHttpRefusal.answer);
    const error = createError('RIT_ERR_PLAIN_HTTP');
    const { deadlines, refusalFields } = this.#owner;
    new PlainHttpRefusal(tlsSocket, deadlines, refusalFields(error));
    this.#owner.onRefusal(error, request);
  }

  onCallbackThrew(name: string, cause: unknown): void {
    this.#owner.onFailure(createError('RIT_ERR_INTERNAL', `${name} threw`, { cause }));
  }
}
