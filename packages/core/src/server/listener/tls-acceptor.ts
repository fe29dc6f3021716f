/**
 * TLS for the sockets that a server accepts. A server whose certificates or other TLS options change takes
 * another acceptor for the connections to come, whichever socket listens.
 */
import { constants } from 'node:crypto';
import type { ServerOpts, Socket } from 'node:net';
import { createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import { createError } from '../../errors/reverseit-error.ts';
import type { ServerNames } from '../../options/server-names.ts';
import { type NamedTlsOptions, withNamedCertificates } from './named-certificates.ts';
import { reasonText } from './reason-text.ts';
import { guardCallbacks } from './tls-callbacks.ts';

/** Who is told of handshakes. */
export interface TlsDelegate {
  onSecure(socket: TLSSocket): void;
  /** Node only reports a handshake that failed or took too long; the socket stays. */
  onHandshakeFailed(error: Error, socket: TLSSocket): void;
  /** A callback of the options threw; its handshake fails. */
  onCallbackThrew(name: string, cause: unknown): void;
}

/** Handshakes without a limit of their own end after so many ms all the same. */
const maxHandshakeTime = 120_000;

const alpnNames = { http1: ['http/1.1', 'http/1.0'], http2: ['h2'] } as const;

type Handshake = (this: Server, socket: Socket) => void;

export class TlsAcceptor {
  /**
   * May listen: in a cluster, Node shares the keys of session tickets among servers that listen. What it
   * accepts does not go on to a handshake by itself.
   */
  readonly server: Server;
  /** Which certificate is for which name; null where there are none by name. */
  readonly names: ServerNames<SecureContext> | null;
  readonly #handshake: Handshake;

  /**
   * @param timeout for a handshake, in ms; 0 or `Infinity`: 120 s
   * @throws ConfigError `RIT_ERR_CONFIG` for an option that only a TLS server reads
   */
  constructor(
    options: NamedTlsOptions,
    timeout: number,
    protocols: readonly (keyof typeof alpnNames)[],
    socketOptions: ServerOpts,
    delegate: TlsDelegate,
  ) {
    const onThrown = (name: string, cause: unknown): void => delegate.onCallbackThrew(name, cause);
    try {
      const chosen = withNamedCertificates(guardCallbacks(options, onThrown));
      this.names = chosen.names;
      this.server = createServer({
        ...chosen.options,
        ...socketOptions,
        // RFC 9113 §9.2.1: not allowed over HTTP/2, and work for nothing over any other protocol.
        secureOptions: (chosen.options.secureOptions ?? 0) | constants.SSL_OP_NO_RENEGOTIATION,
        // Not before the handshake is done: a client that ends inside it has gone.
        allowHalfOpen: false,
        // RFC 7301 §3.2: a client that offers none of them is rejected, one that offers nothing is not.
        ALPNProtocols: protocols.flatMap((protocol) => alpnNames[protocol]),
        handshakeTimeout: Number.isFinite(timeout) && timeout > 0 ? timeout : maxHandshakeTime,
      });
    } catch (cause) {
      throw createError('RIT_ERR_CONFIG', `invalid option tls: ${reasonText(cause)}`, { cause });
    }
    this.#handshake = this.server.listeners('connection')[0] as Handshake;
    this.server.off('connection', this.#handshake);
    this.server.on('tlsClientError', (error, socket) => delegate.onHandshakeFailed(error, socket));
    this.server.on('secureConnection', (socket) => delegate.onSecure(socket));
  }

  /** Begins the handshake over a socket that was accepted. */
  take(socket: Socket): void {
    this.#handshake.call(this.server, socket);
  }
}
