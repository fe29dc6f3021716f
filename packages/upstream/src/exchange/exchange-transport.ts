/**
 * What carries one exchange: a connection of HTTP/1.1, or a stream of HTTP/2. It is all that an exchange
 * knows of the way to its backend.
 */
import type { Duplex } from 'node:stream';
import type { DeadlineQueue } from '@reverseit/core/deadlines';

export interface ExchangeTransport {
  /**
   * Its connection was opened for this exchange: that it ends is no race with a backend's own idle timeout.
   */
  readonly fresh: boolean;
  /** Whether any byte of a response to the present request has come. */
  readonly responseStarted: boolean;
  /** Bytes of the request that have not left yet. */
  readonly pendingBytes: number;
  /** Stops the flow of the response body. */
  pause(): void;
  resume(): void;
  /** Arms the one deadline of the transport. */
  arm(queue: DeadlineQueue): void;
  disarm(): void;
  /** The response offers to authenticate the connection, or says that it is: it may serve no other client. */
  bind(): void;
  /** The exchange ended in order. `persistent`: an HTTP/1.1 connection may carry another. */
  release(persistent: boolean, idleHint: number): void;
  /** Gives the exchange up at once. It is not told. */
  drop(): void;
  /** The same, but a connection that is still being made is kept for others. */
  abandon(): void;
  /** Takes ourselves out of the way of a switched protocol; the socket, which is paused, is the caller's. */
  detachSocket(): Duplex | null;
}
