/** What came by one listener and is not closed yet: connections, and sockets that are to become some. */
import type { Socket } from 'node:net';
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import { IntrusiveList, Place } from '../../io/intrusive-list.ts';
import type { OpenConnection } from '../exchange/server-context.ts';

export class OpenSockets {
  readonly #connections = new IntrusiveList<OpenConnection>();
  /** Sockets of which a TLS handshake or a PROXY protocol header is awaited, until they are closed. */
  readonly #watched = new IntrusiveList<Place<Socket>>();

  /** Connections, those that linger included. */
  get connections(): number {
    return this.#connections.size;
  }

  get isEmpty(): boolean {
    return this.#connections.size === 0 && this.#watched.size === 0;
  }

  add(connection: OpenConnection): void {
    this.#connections.push(connection);
  }

  /** The connection is closed; called once. */
  remove(connection: OpenConnection): void {
    this.#connections.remove(connection);
  }

  /** Has the socket cut with the others, also while it is no connection yet; `onClosed` when it is gone. */
  watch(socket: Socket, onClosed: () => void): void {
    const watched = new Place(socket);
    this.#watched.push(watched);
    socket.on('close', () => {
      this.#watched.remove(watched);
      onClosed();
    });
  }

  /** Whether none of the server's first `count` exchanges is in progress here. */
  areOver(count: number): boolean {
    return this.#connections.members().every(({ exchangeNumber }) => exchangeNumber > count);
  }

  /** Ends connections with the response in progress, or now where there is none. */
  shutdown(): void {
    for (const connection of this.#connections.members()) connection.shutdown();
  }

  /** Cuts every connection and socket. */
  cut(error: ReverseItError): void {
    for (const connection of this.#connections.members()) connection.destroy(error);
    for (const { member } of this.#watched.members()) member.destroy();
  }
}
