/** What an exchange asks of Node's response, whatever the version of HTTP, and what others put before it. */
import type { ReadonlyFieldSection } from '@reverseit/core/http';

export interface ResponseSide {
  /** Other exchanges share its connection, so that none of it can end with a response. */
  readonly multiplexed: boolean;
  /** Bytes that have been written and not sent yet, as far as Node knows of them. */
  readonly pending: number;
  /** Bytes that have been sent, from any point on. */
  readonly taken: number;
  /** Tells a client that waits for it to go on (RFC 9110 §15.2.1), unless it has been told. */
  sendContinue(): void;
  /**
   * Sends an interim response (RFC 9110 §15.2); left out where the application is at the response already,
   * or Node does not send such fields.
   */
  sendInterim(status: number, fields: ReadonlyFieldSection): void;
  /**
   * Makes the final head, to be sent with the first body bytes. Fields that the application has set before
   * stay, but for those of the same name. Throws where the application's fields make Node throw; then
   * nothing was sent. `framing` are the fields of HTTP/1 about the body's end and the connection's.
   */
  writeHead(
    status: number,
    reason: string,
    fields: ReadonlyFieldSection,
    framing: ReadonlyFieldSection,
  ): void;
  /** Sends the head, where no body chunk has taken it along. */
  flushHead(): void;
  /** Sends a body chunk. False: no more until `drain`. */
  write(chunk: Buffer): boolean;
  end(trailers: ReadonlyFieldSection): void;
  /**
   * The response is about to end before its request. Where it ends the connection, what still comes of that
   * is to be read and dropped until `dropRequest`, so that the response can be read.
   */
  lingerAtEnd(): void;
  /** No more of the request is to come. */
  endAtOnce(): void;
  /** Takes no more of a request whose response is complete, and has been sent. */
  dropRequest(): void;
  /** Cuts the response off, so that it does not look complete. */
  cut(): void;
}

/** What `compression` and its like give to a response, whose body they hold back otherwise. */
export interface Flushable {
  readonly flush?: () => void;
}
