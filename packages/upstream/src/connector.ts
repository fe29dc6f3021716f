/**
 * Opens a socket to an origin: TCP or a unix socket, TLS above it where the scheme asks for it. Waits
 * for nothing and keeps no time; the connection does.
 */
import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls';
import type { Origin } from './origin.ts';
import type { ResolvedPoolOptions } from './pool-options.ts';

const tcpKeepAliveDelay = 60_000;

/** Where a connection has its socket from. */
export interface SocketSource {
  readonly origin: Origin;
  /** Event after which the socket may be written to. */
  readonly readyEvent: string;
  /**
   * The socket, not ready yet. Every outcome comes as an event of it. With `onread`, which TLS does not
   * know, what is read does not come as events.
   */
  open(onread?: OnReadOpts): Socket;
}

export type AlpnProtocol = 'h2' | 'http/1.1';

export class Connector implements SocketSource {
  readonly origin: Origin;
  readonly #options: ResolvedPoolOptions;
  readonly #alpnProtocols: AlpnProtocol[];
  /** TLS session of the last connection that proved its identity, to be resumed by the next. */
  #session: Buffer | undefined;

  /** `alpnProtocols`: what TLS offers, in order of preference (RFC 7301). */
  constructor(
    origin: Origin,
    options: ResolvedPoolOptions,
    alpnProtocols: readonly AlpnProtocol[],
  ) {
    this.origin = origin;
    this.#options = options;
    this.#alpnProtocols = [...alpnProtocols];
  }

  /** Whether a socket may turn out to be one for HTTP/1.1. */
  get speaksHttp1(): boolean {
    return this.#alpnProtocols.includes('http/1.1');
  }

  get readyEvent(): 'connect' | 'secureConnect' {
    return this.origin.secure ? 'secureConnect' : 'connect';
  }

  open(onread?: OnReadOpts): Socket {
    const { host, port, unixSocket } = this.origin;
    const place = unixSocket === null ? { host, port } : { path: unixSocket };
    const socket = this.origin.secure
      ? this.#openTls(place)
      : connectTcp(onread === undefined ? place : { ...place, onread });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, tcpKeepAliveDelay);
    return socket;
  }

  #openTls(place: { host: string; port: number } | { path: string }): Socket {
    // Never taken from a client's Host. An address is checked against the certificate, but is no SNI name.
    const name = this.#options.servername ?? this.origin.host;
    const socket = connectTls({
      ...place,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      checkServerIdentity: (_, certificate) => identityFault(name, certificate),
      secureContext: this.#options.secureContext,
      rejectUnauthorized: this.#options.verifyTls,
      ALPNProtocols: this.#alpnProtocols,
      ...(this.#session === undefined ? {} : { session: this.#session }),
    });
    // Node tells of a session only once the certificate was found good; a resumed one is not checked again.
    socket.on('session', (session) => {
      this.#session = session;
    });
    return socket;
  }
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

  open(): Socket {
    process.nextTick(announce, this.#socket, this.readyEvent);
    return this.#socket;
  }
}

function announce(socket: Socket, event: string): void {
  if (!socket.destroyed) socket.emit(event);
}
