/**
 * TLS for the sockets that a server accepts. It listens nowhere itself, so that a server whose
 * certificates or other TLS options change takes another for the connections to come.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { fail } from '../errors/reverseit-error.ts';
import { reasonText } from './server-errors.ts';
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
const longestHandshake = 120_000;

export class TlsAcceptor {
  readonly #server: Server;

  /**
   * @param timeout for a handshake, in ms; 0 or `Infinity`: 120 s
   * @throws ConfigError `RIT_ERR_CONFIG` for an option that only a TLS server reads
   */
  constructor(options: TlsOptions, timeout: number, delegate: TlsDelegate) {
    try {
      this.#server = createServer({
        ...guardCallbacks(options, (name, cause) => delegate.onCallbackThrew(name, cause)),
        // RFC 7301 §3.2: a client that offers none of them is refused, one that offers nothing is not.
        ALPNProtocols: ['http/1.1', 'http/1.0'],
        handshakeTimeout: Number.isFinite(timeout) && timeout > 0 ? timeout : longestHandshake,
      });
    } catch (cause) {
      throw fail('RIT_ERR_CONFIG', `invalid option tls: ${reasonText(cause)}`, { cause });
    }
    this.#server.on('tlsClientError', (error, socket) => delegate.onHandshakeFailed(error, socket));
    this.#server.on('secureConnection', (socket) => delegate.onSecure(socket));
  }

  /** Begins the handshake over a socket that was accepted. */
  take(socket: Socket): void {
    this.#server.emit('connection', socket);
  }
}
