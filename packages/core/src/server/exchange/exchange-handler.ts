/** The two sides of an exchange: whoever handles it, and what it may become. */
import type { Duplex } from 'node:stream';
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import type { FieldSection } from '../../http/field-section.ts';

/**
 * What is told of an exchange. Set once, before the request listener returns. A method that throws, or whose
 * promise is rejected, ends the exchange: with 500 where no head is out yet, by cutting the connection
 * otherwise.
 */
export interface ExchangeHandler {
  /** A chunk of the request's body, after `readBody`. It is the handler's: see `Exchange.releaseChunk`. */
  onBody(chunk: Buffer): void;
  /**
   * The client has announced so many body bytes in all, by the headers of chunks that have begun; some
   * of it is still to come. Not called where `head.contentLength` says it.
   */
  onBodyAnnounced?(length: number): void;
  /** The request is complete. Not called for a request without a body. */
  onBodyEnd(trailers: FieldSection): void;
  /** The client's socket takes more, after `write` answered false. */
  onDrain(): void;
  /**
   * The exchange is over before its time: the client left, stalled or broke the protocol, or the server
   * is shutting down. The last call; the exchange has been answered or cut already.
   */
  onAbort(error: ReverseItError): void;
  /**
   * The client stalled or broke the protocol within its body, of which no more comes. True: the handler
   * answers by itself, now or later, and `onAbort` is not called for it. Otherwise, and where the method is
   * missing, the server answers and calls `onAbort`.
   */
  onFault?(error: ReverseItError): boolean;
}

/** What follows after a switch of protocols, as far as the server is concerned. */
export interface Tunnel {
  /** The server closes: end in good order. */
  shutdown(): void;
  /** The server's deadline has passed: end now. The socket is destroyed right after. */
  destroy(error: ReverseItError): void;
}

/** A client's socket after a switch of protocols. */
export interface SwitchedSocket {
  /** Paused, without listeners of the server's but those for its register. `error` events are heard. */
  readonly socket: Duplex;
  /** Bytes that the client sent after its request. */
  readonly early: Buffer;
  /** Nobody else hears what is read from the socket: its memory may be freed (`releaseBytes`). */
  readonly exclusive: boolean;
}

/** Hears nothing: of an exchange that nobody handles, or handles any more. */
export const noopHandler: ExchangeHandler = {
  onBody: ignore,
  onBodyEnd: ignore,
  onDrain: ignore,
  onAbort: ignore,
};

function ignore(): void {
  // Nobody is interested.
}
