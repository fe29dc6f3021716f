/**
 * Opens a socket to an origin: TCP or a unix socket, TLS above it where the scheme asks for it, and a PROXY
 * header before everything else where one is sent. A name with several addresses is a race between them. Keeps
 * no time but that of the race; the connection does.
 */
import { X509Certificate } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { isIP, type OnReadOpts, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect as connectTls,
  type PeerCertificate,
} from 'node:tls';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import { createError } from '@reverseit/core/errors';
import { ignoreError } from '@reverseit/core/internal';
import type { ClientConnection } from '../exchange/message/upstream-request.ts';
import type { Origin } from '../options/origin.ts';
import type { ResolvedPoolOptions } from '../options/pool-options.ts';
import { clientHeader } from './client-header.ts';
import { ConnectRace, type RaceDelegate } from './connect-race.ts';
import type { ConnectPhase } from './error-map.ts';
import type { Network } from './network.ts';

const tcpKeepAliveDelay = 60_000;

/** How far a socket is when it is handed over; after `ready` no event follows. */
export type SocketPhase = ConnectPhase | 'ready';

/** Who waits for a socket. */
export interface SocketDelegate {
  /** The socket that it is going to be. What becomes of it comes as events. */
  onSocket(socket: Socket, phase: SocketPhase): void;
  /** There is none. */
  onNoSocket(error: Error): void;
}

/** A socket that is not there yet. */
export interface PendingSocket {
  /** It is not wanted any more. The delegate is not told. */
  cancel(): void;
}

/** Where a connection has its socket from. */
export interface SocketSource {
  readonly origin: Origin;
  /** Event after which the socket may be written to. */
  readonly readyEvent: string;
  /**
   * Opens a socket; where it is known at once, the delegate has it when this returns, and the answer is null.
   * With `onread`, which TLS does not know, what is read does not come as events.
   * @param client whom it is opened for, where it is one client's
   */
  open(
    delegate: SocketDelegate,
    onread?: OnReadOpts,
    client?: ClientConnection | null,
  ): PendingSocket | null;
}

export type AlpnProtocol = 'h2' | 'http/1.1';

/** Where a socket connects to, once there is no name left to look up. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** What is asked of a connector. */
interface WantedSocket {
  readonly delegate: SocketDelegate;
  readonly onread: OnReadOpts | undefined;
  /** Sent before everything else; null where none is. */
  readonly header: Buffer | null;
}

/** What the connectors of a pool share. */
export interface ConnectorContext {
  readonly options: ResolvedPoolOptions;
  readonly network: Network;
  readonly attemptDelay: DeadlineQueue;
}

export class Connector implements SocketSource {
  readonly origin: Origin;
  readonly #context: ConnectorContext;
  readonly #alpnProtocols: AlpnProtocol[];
  /** Name or address to be found in the certificate. */
  readonly #serverName: string;
  /** TLS session of the last connection that proved its identity, to be resumed by the next. */
  #session: Buffer | undefined;

  /** `alpnProtocols`: what TLS offers, in order of preference (RFC 7301). */
  constructor(origin: Origin, context: ConnectorContext, alpnProtocols: readonly AlpnProtocol[]) {
    this.origin = origin;
    this.#context = context;
    this.#alpnProtocols = [...alpnProtocols];
    // Never taken from a client's Host.
    this.#serverName = withoutDot(context.options.tls.servername ?? origin.host);
    this.#session = context.options.tls.session;
  }

  /** Whether a socket may turn out to be one for HTTP/1.1. */
  get speaksHttp1(): boolean {
    return this.#alpnProtocols.includes('http/1.1');
  }

  get readyEvent(): 'connect' | 'secureConnect' {
    return this.origin.secure ? 'secureConnect' : 'connect';
  }

  open(
    delegate: SocketDelegate,
    onread?: OnReadOpts,
    client: ClientConnection | null = null,
  ): PendingSocket | null {
    const { unixSocket, headerless } = this.origin;
    const { host, port } = this.origin.place ?? this.origin;
    const version = this.#context.options.sendProxyProtocol;
    const header = version === false || headerless ? null : clientHeader(version, client);
    const wanted = { delegate, onread, header };
    if (unixSocket !== null) return this.connectTo({ path: unixSocket }, wanted);
    if (isIP(host) !== 0) return this.connectTo({ host, port }, wanted);
    return new NamedSocket(this, this.#context, wanted);
  }

  /** Opens a socket to the one place that there is. */
  connectTo(place: Place, wanted: WantedSocket): PendingSocket | null {
    const { delegate, onread, header } = wanted;
    const { secure } = this.origin;
    if (secure && header === null) {
      delegate.onSocket(prepared(this.#openTls(place)), 'connect');
      return null;
    }
    const { network } = this.#context;
    if (secure) return new HeaderBeforeTls(this, network.connect(place), wanted);
    const socket = network.connect(onread === undefined ? place : { ...place, onread });
    // Waits in the socket until it is connected.
    if (header !== null) socket.write(header);
    delegate.onSocket(prepared(socket), 'connect');
    return null;
  }

  /** What speaks over a socket that is connected. */
  speakOver(socket: Socket, { header }: WantedSocket): Socket {
    prepared(socket);
    if (header !== null) socket.write(header);
    if (!this.origin.secure) return socket;
    // Its own failures are those of the socket above it, which ends with it.
    socket.on('error', ignoreError);
    return this.#openTls({ socket });
  }

  #openTls(place: Place | { readonly socket: Socket }): Socket {
    const { tls, verifyTls } = this.#context.options;
    const name = this.#serverName;
    const check = tls.checkServerIdentity ?? identityFault;
    const tlsOptions: ConnectionOptions = {
      ...tls.connect,
      ...place,
      // An address is checked against the certificate, but is no SNI name.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      checkServerIdentity: (_, certificate) => check(name, certificate),
      secureContext: tls.secureContext,
      rejectUnauthorized: verifyTls,
      ALPNProtocols: this.#alpnProtocols,
      ...(this.#session === undefined ? {} : { session: this.#session }),
    };
    const socket = connectTls(tlsOptions);
    // Node tells of a session only once the certificate was found good; a resumed one is not checked again.
    socket.on('session', (session) => {
      this.#session = session;
    });
    return socket;
  }
}

/** RFC 6066 §3, RFC 6125 §6.4: the dot that ends an absolute name is for DNS alone. */
function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function prepared(socket: Socket): Socket {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, tcpKeepAliveDelay);
  return socket;
}

/** A socket to a name: looked up, and raced for where it has several addresses. */
class NamedSocket implements PendingSocket, RaceDelegate {
  readonly #connector: Connector;
  readonly #context: ConnectorContext;
  readonly #wanted: WantedSocket;
  /** What is under way after the look-up. */
  #pending: PendingSocket | null = null;
  #cancelled = false;

  constructor(connector: Connector, context: ConnectorContext, wanted: WantedSocket) {
    this.#connector = connector;
    this.#context = context;
    this.#wanted = wanted;
    const { host } = connector.origin.place ?? connector.origin;
    context.network.lookup(host, (error, addresses) => {
      if (this.#cancelled) return;
      if (error !== null) wanted.delegate.onNoSocket(error);
      else this.#connect(addresses);
    });
  }

  #connect(addresses: readonly LookupAddress[]): void {
    const { port } = this.#connector.origin.place ?? this.#connector.origin;
    const [first] = addresses;
    if (first === undefined) this.#wanted.delegate.onNoSocket(createError('RIT_ERR_UPSTREAM_DNS'));
    else if (addresses.length === 1) this.#connectTo({ host: first.address, port });
    else {
      const { network, attemptDelay } = this.#context;
      const target = { addresses, port, onread: this.#wanted.onread };
      const race = new ConnectRace(network, attemptDelay, target, this);
      this.#pending = race;
      race.start();
    }
  }

  #connectTo(place: Place): void {
    try {
      this.#pending = this.#connector.connectTo(place, this.#wanted);
    } catch (error) {
      this.#wanted.delegate.onNoSocket(error as Error);
    }
  }

  onWon(winner: Socket): void {
    speak(this.#connector, winner, this.#wanted);
  }

  onLost(error: AggregateError): void {
    this.#wanted.delegate.onNoSocket(error);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#pending?.cancel();
  }
}

/** A socket over which TLS begins after a header: it is connected first. */
class HeaderBeforeTls implements PendingSocket {
  readonly #socket: Socket;
  #over = false;

  constructor(connector: Connector, socket: Socket, wanted: WantedSocket) {
    this.#socket = socket;
    const onError = (error: Error): void => {
      if (this.#end()) wanted.delegate.onNoSocket(error);
    };
    socket.once('connect', () => {
      if (!this.#end()) return;
      socket.off('error', onError);
      speak(connector, socket, wanted);
    });
    // Stays where it is given up: nobody else hears its errors.
    socket.on('error', onError);
  }

  #end(): boolean {
    const first = !this.#over;
    this.#over = true;
    return first;
  }

  cancel(): void {
    this.#end();
    this.#socket.destroy();
  }
}

/** Hands over what speaks on a socket that is connected. */
function speak(connector: Connector, connected: Socket, wanted: WantedSocket): void {
  let socket: Socket;
  try {
    socket = connector.speakOver(connected, wanted);
  } catch (error) {
    connected.destroy();
    wanted.delegate.onNoSocket(error as Error);
    return;
  }
  wanted.delegate.onSocket(socket, connector.origin.secure ? 'secure' : 'ready');
}

/** What speaks against a certificate being that of a name or an address (RFC 9110 §4.3.5). */
function identityFault(name: string, certificate: PeerCertificate): Error | undefined {
  const fault = checkServerIdentity(name, certificate);
  if (fault === undefined || isIP(name) !== 6) return fault;
  // Node 22 takes no IPv6 address for that of any certificate (seen in 22.23.3); OpenSSL does.
  const isNamed = new X509Certificate(certificate.raw).checkIP(name) !== undefined;
  return isNamed ? undefined : fault;
}

/** A socket that is connected already. */
export class ConnectedSocket implements SocketSource {
  readonly origin: Origin;
  readonly readyEvent = 'handed-over';
  readonly #socket: Socket;

  constructor(origin: Origin, socket: Socket) {
    this.origin = origin;
    this.#socket = socket;
  }

  open(delegate: SocketDelegate): null {
    process.nextTick(announce, this.#socket, this.readyEvent);
    delegate.onSocket(this.#socket, 'connect');
    return null;
  }
}

function announce(socket: Socket, event: string): void {
  if (!socket.destroyed) socket.emit(event);
}
