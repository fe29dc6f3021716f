/**
 * One listening socket of a server: its address, its limits and TLS, and the connections that came by it.
 * The server holds what all of them share: deadlines, the count of exchanges, and the time to close.
 */
import cluster from 'node:cluster';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import type { ServerNames } from '../../options/server-names.ts';
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import type { DeadlineQueue, Deadlines } from '../../time/deadlines.ts';
import { Connection } from '../connection/connection.ts';
import type { RejectedRequest } from '../exchange/rejected-request.ts';
import type {
  ExchangeHolder,
  HalfClose,
  OpenConnection,
  RefusalFields,
  RequestListener,
  ServerContext,
} from '../exchange/server-context.ts';
import { Http2Counts } from '../http2/http2-counts.ts';
import { Http2Session } from '../http2/http2-session.ts';
import { AcceptDrain } from './accept-drain.ts';
import { Admission, type AdmissionOwner } from './admission.ts';
import type { ListenTarget } from './listen-target.ts';
import { OpenSockets } from './open-sockets.ts';
import type { ResolvedServerOptions } from './server-options.ts';
import { type ListeningDelegate, startListening } from './start-listening.ts';
import { TlsAcceptor } from './tls-acceptor.ts';

/** What one listener goes by. */
export interface ListenerRules {
  readonly options: ResolvedServerOptions;
  /** Gets its requests. */
  readonly listener: RequestListener;
  /** What its answers to requests that never become an exchange carry besides. */
  readonly refusalFields?: RefusalFields;
}

/** Figures of one listener, at this moment unless named a total. */
export interface ListenerStats {
  /** Where it listens; null before `listen` and after `close`. */
  readonly address: AddressInfo | string | null;
  /** Client connections, those that linger included. */
  readonly connections: number;
  /** Exchanges in progress. */
  readonly activeExchanges: number;
  readonly totalConnections: number;
  readonly totalExchanges: number;
  /** Requests that were rejected before they became an exchange. */
  readonly totalRefusals: number;
  /** Connections closed at accept because of `maxConnections`. */
  readonly totalDropped: number;
  /** Of `connections` those that speak HTTP/2. */
  readonly http2Connections: number;
  /** Their open streams. */
  readonly http2Streams: number;
  readonly totalHttp2Connections: number;
  readonly totalHttp2Streams: number;
}

/** What the listeners of a server share. */
export interface ListenerOwner {
  readonly deadlines: Deadlines;
  /** The server has been told to close. */
  readonly closing: boolean;
  /** The number of the exchange that begins now, among those of all listeners, counted from 1. */
  countExchange(): number;
  /** `rejected`: a request that never became an exchange. */
  onFailure(error: ReverseItError, rejected: boolean, request: RejectedRequest | null): void;
  /** A connection, or a socket before it became one, has gone. */
  onSocketClosed(): void;
}

/** Idle time in ms after which the kernel asks whether a peer is still there that left without a word. */
const tcpKeepAliveDelay = 60_000;

const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: tcpKeepAliveDelay,
} as const;

export class Listener implements ServerContext, AdmissionOwner, ListeningDelegate {
  limits: ResolvedServerOptions;
  maxRequestsPerConnection = 0;
  halfClose: HalfClose = 'probe';
  listener: RequestListener;
  refusalFields: RefusalFields;
  readonly deadlines: Deadlines;
  headDeadlines: DeadlineQueue;
  keepAliveDeadlines: DeadlineQueue;
  sendDeadlines: DeadlineQueue;
  readonly #owner: ListenerOwner;
  readonly #server: Server;
  /** Null where clients speak plain HTTP. */
  tls: TlsAcceptor | null;
  readonly http2 = new Http2Counts();
  readonly #open = new OpenSockets();
  readonly #admission = new Admission(this);
  /** Clients have addresses here, those of Unix sockets have none. */
  #isTcp = false;
  /** From the call of `listen` until it is known whether the address can be had. */
  #starting = false;
  /** From `stopAccepting` until the listening socket is closed. */
  #stopping = false;
  /** The first part of that. */
  #drain: AcceptDrain | null = null;
  #activeExchanges = 0;
  #totalConnections = 0;
  #totalExchanges = 0;
  #totalRefusals = 0;
  #totalDropped = 0;

  /** @throws ConfigError `RIT_ERR_CONFIG` for TLS options that cannot be used */
  constructor({ options, listener, refusalFields }: ListenerRules, owner: ListenerOwner) {
    this.#owner = owner;
    this.deadlines = owner.deadlines;
    this.limits = options;
    this.listener = listener;
    this.refusalFields = refusalFields ?? noFields;
    this.headDeadlines = this.deadlines.queue(options.requestHeaderTimeout);
    this.keepAliveDeadlines = this.deadlines.queue(options.keepAliveTimeout);
    this.sendDeadlines = this.deadlines.queue(options.responseSendTimeout);
    this.tls = this.#acceptor(options);
    this.#server = this.tls?.server ?? createServer({ ...socketOptions, allowHalfOpen: true });
    this.#server.on('connection', (socket) => this.#onSocket(socket));
    this.#server.on('drop', () => this.#totalDropped++);
    this.#setLimits(options);
  }

  /**
   * What these options make of TLS: the present acceptor where nothing of them changes, so that sessions are
   * resumed across an update.
   * @throws ConfigError `RIT_ERR_CONFIG` for options that cannot be used
   */
  prepareTls(options: ResolvedServerOptions): TlsAcceptor | null {
    const { tls, requestHeaderTimeout, protocols } = this.limits;
    const isSame = isDeepStrictEqual(
      [tls, requestHeaderTimeout, protocols],
      [options.tls, options.requestHeaderTimeout, options.protocols],
    );
    return isSame ? this.tls : this.#acceptor(options);
  }

  #acceptor(options: ResolvedServerOptions): TlsAcceptor | null {
    const { tls, requestHeaderTimeout, protocols } = options;
    if (tls !== null) {
      return new TlsAcceptor(tls, requestHeaderTimeout, protocols, socketOptions, this.#admission);
    }
    if (protocols.length > 1) {
      const text = 'invalid option protocols: without tls a listener speaks either http1 or http2';
      throw createError('RIT_ERR_CONFIG', text);
    }
    return null;
  }

  /** Goes by other rules from now on; `tls` is what `prepareTls` has made of them. */
  update({ options, listener, refusalFields }: ListenerRules, tls: TlsAcceptor | null): void {
    this.tls = tls;
    this.listener = listener;
    this.refusalFields = refusalFields ?? noFields;
    this.#setLimits(options);
  }

  #setLimits(options: ResolvedServerOptions): void {
    const { maxConnections } = options;
    this.limits = options;
    this.maxRequestsPerConnection = options.maxRequestsPerConnection;
    this.halfClose = options.halfClose;
    this.headDeadlines = this.deadlines.queue(options.requestHeaderTimeout);
    this.keepAliveDeadlines = this.deadlines.queue(options.keepAliveTimeout);
    this.sendDeadlines = this.deadlines.queue(options.responseSendTimeout);
    // In a cluster one too many would otherwise be offered again and again to workers that are all full.
    Object.assign(this.#server, {
      maxConnections: Number.isFinite(maxConnections) ? maxConnections : undefined,
      dropMaxConnection: true,
    });
  }

  // Accepting

  #onSocket(socket: Socket): void {
    // Reset while it waited to be accepted. Node would first report the request that came before the reset,
    // and a backend would be asked for nobody: a flood of such connections keeps others waiting in the queue.
    if (this.#isTcp && socket.remoteAddress === undefined) {
      this.#totalConnections++;
      socket.destroy();
      return;
    }
    this.#admission.take(socket);
  }

  /** A TLS handshake or a PROXY protocol header is awaited of it. */
  watch(socket: Socket): void {
    this.#open.watch(socket, () => this.#owner.onSocketClosed());
  }

  accept(socket: Socket, header: ProxyHeader | null, early: Buffer | null): void {
    this.#totalConnections++;
    const connection = this.#speaksHttp2(socket)
      ? new Http2Session(this, socket, header)
      : new Connection(this, socket, header);
    this.#open.add(connection);
    // It was paused after its header.
    if (header !== null) connection.begin(early);
    // Its TLS handshake was in progress when the server began to close.
    if (this.closing) connection.shutdown();
  }

  /** By ALPN (RFC 9113 §3.2), or where nothing else is spoken: by prior knowledge (§3.3), or of a client without ALPN. */
  #speaksHttp2(socket: Socket): boolean {
    const { protocols } = this.limits;
    if (!protocols.includes('http2')) return false;
    return !protocols.includes('http1') || (socket as TLSSocket).alpnProtocol === 'h2';
  }

  // Listening

  /** Whether it listens, or is about to. */
  get begun(): boolean {
    return this.#starting || this.#server.listening;
  }

  /** Resolves when it listens, see `startListening`. */
  async listen(target: ListenTarget): Promise<void> {
    this.#starting = true;
    try {
      await startListening(this.#server, target, this);
    } finally {
      this.#starting = false;
    }
  }

  onListening(server: Server): void {
    this.#isTcp = typeof server.address() === 'object';
    // A later error (out of descriptors at accept) must not end the process.
    server.off('error', this.#onAcceptError).on('error', this.#onAcceptError);
  }

  readonly #onAcceptError = (): void => {
    this.#totalDropped++;
  };

  /** Undoes `listen`, and cuts who has come meanwhile: another listener of the server could not start. */
  unlisten(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve());
      else resolve();
      this.cut();
    });
  }

  /** The address that is listened on; null before `listen` and after `close`. */
  address(): AddressInfo | string | null {
    // Of a Unix socket Node goes on telling the path.
    return this.#server.listening && !this.closing ? this.#server.address() : null;
  }

  stats(): ListenerStats {
    return {
      address: this.address(),
      connections: this.#open.connections,
      activeExchanges: this.#activeExchanges,
      totalConnections: this.#totalConnections,
      totalExchanges: this.#totalExchanges,
      totalRefusals: this.#totalRefusals,
      totalDropped: this.#totalDropped,
      http2Connections: this.http2.connections,
      http2Streams: this.http2.streams,
      totalHttp2Connections: this.http2.totalConnections,
      totalHttp2Streams: this.http2.totalStreams,
    };
  }

  /** Whether none of the server's first `count` exchanges is in progress here. */
  areOver(count: number): boolean {
    return this.#open.areOver(count);
  }

  /** Which certificate is for which name; null where there are none by name. */
  get certificateNames(): ServerNames<SecureContext> | null {
    return this.tls?.names ?? null;
  }

  // Closing

  get closing(): boolean {
    return this.#owner.closing;
  }

  /** Whether it has stopped accepting, and no socket that came by it is left. */
  get isIdle(): boolean {
    return !this.#stopping && this.#open.isEmpty;
  }

  /** Takes those who have connected already, and nobody after them. */
  stopAccepting(): void {
    if (!this.#server.listening) return;
    this.#stopping = true;
    const drain = new AcceptDrain({ quietMs: isHandedOver() ? handOverMs : 0 }, () => {
      this.#drain = null;
      this.#server.close(() => {
        this.#stopping = false;
        this.#owner.onSocketClosed();
      });
    });
    this.#drain = drain;
    this.#server.on('connection', () => drain.onAccept());
  }

  /** Ends connections with the response in progress, or now where there is none. */
  shutdown(): void {
    this.#open.shutdown();
  }

  /** Accepts no more, and cuts every connection that is left. */
  cut(): void {
    this.#drain?.finish();
    this.#open.cut(createError('RIT_ERR_SHUTDOWN'));
  }

  // What connections report

  onExchangeStart(holder: ExchangeHolder): void {
    this.#activeExchanges++;
    this.#totalExchanges++;
    holder.exchangeNumber = this.#owner.countExchange();
  }

  onExchangeEnd(holder: ExchangeHolder): void {
    this.#activeExchanges--;
    holder.exchangeNumber = Number.POSITIVE_INFINITY;
  }

  onRefusal(error: ReverseItError, request: RejectedRequest | null): void {
    this.#totalRefusals++;
    this.#owner.onFailure(error, true, request);
  }

  onFailure(error: ReverseItError): void {
    this.#owner.onFailure(error, false, null);
  }

  onConnectionClosed(connection: OpenConnection): void {
    this.#open.remove(connection);
    this.#owner.onSocketClosed();
  }
}

/** Without a connection for so long, a worker takes it that none is on its way from the primary, in ms. */
const handOverMs = 50;

const noFields: RefusalFields = () => [];

/** Whether another process accepts, and hands the connections over. */
const isHandedOver = (): boolean =>
  cluster.isWorker && cluster.schedulingPolicy !== cluster.SCHED_NONE;
