/**
 * Opens a socket to an origin: TCP or a unix socket, TLS above it where the scheme asks for it. Waits
 * for nothing and keeps no time; the connection does.
 */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Origin } from './origin.ts';
import type { ResolvedPoolOptions } from './pool-options.ts';

const tcpKeepAliveDelay = 60_000;

export class Connector {
  readonly origin: Origin;
  readonly #options: ResolvedPoolOptions;
  /** TLS session of the last connection that proved its identity, to be resumed by the next. */
  #session: Buffer | undefined;

  constructor(origin: Origin, options: ResolvedPoolOptions) {
    this.origin = origin;
    this.#options = options;
  }

  /** Event after which the socket may be written to. */
  get readyEvent(): 'connect' | 'secureConnect' {
    return this.origin.secure ? 'secureConnect' : 'connect';
  }

  /**
   * The socket, still connecting. Every outcome comes as an event of it. With `onread`, which TLS does
   * not know, what is read does not come as events.
   */
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
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      secureContext: this.#options.secureContext,
      rejectUnauthorized: this.#options.verifyTls,
      ALPNProtocols: ['http/1.1'],
      ...(this.#session === undefined ? {} : { session: this.#session }),
    });
    // Node tells of a session only once the certificate was found good; a resumed one is not checked again.
    socket.on('session', (session) => {
      this.#session = session;
    });
    return socket;
  }
}
