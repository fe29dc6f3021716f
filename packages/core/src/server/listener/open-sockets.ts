/** What came by one listener and is not closed yet: connections, and sockets that are to become some. */
import type { Socket } from 'node:net';
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import type { OpenConnection } from '../exchange/server-context.ts';

export class OpenSockets {
  readonly #connections = new Set<OpenConnection>();
  /** Sockets of which a TLS handshake or a PROXY protocol header is awaited, until they are closed. */
  readonly #watched = new Set<Socket>();

  /** Connections, those that linger included. */
  get connections(): number {
    return this.#connections.size;
  }

  get isEmpty(): boolean {
    return this.#connections.size === 0 && this.#watched.size === 0;
  }

  add(connection: OpenConnection): void {
    this.#connections.add(connection);
  }

  /** The connection is closed. */
  remove(connection: OpenConnection): void {
    this.#connections.delete(connection);
  }

  /** Has the socket cut with the others, also while it is no connection yet; `onClosed` when it is gone. */
  watch(socket: Socket, onClosed: () => void): void {
    this.#watched.add(socket);
    socket.on('close', () => {
      this.#watched.delete(socket);
      onClosed();
    });
  }

  /** Whether none of the server's first `count` exchanges is in progress here. */
  areOver(count: number): boolean {
    for (const { exchangeNumber } of this.#connections) if (exchangeNumber <= count) return false;
    return true;
  }

  /** Ends connections with the response in progress, or now where there is none. */
  shutdown(): void {
    for (const connection of [...this.#connections]) connection.shutdown();
  }

  /** Cuts every connection and socket. */
  cut(error: ReverseItError): void {
    for (const connection of [...this.#connections]) connection.destroy(error);
    for (const socket of this.#watched) socket.destroy();
  }
}
