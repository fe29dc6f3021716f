import type { Duplex } from 'node:stream';
import type { ReverseItError } from '@reverseit/core/errors';
import type { FieldSection, HeaderSection, ReadonlyFieldSection } from '@reverseit/core/http';

/**
 * The head of a backend's final response, checked: every name is a token, no value holds a control character.
 */
export interface UpstreamResponseHead {
  readonly status: number;
  /** Of the backend's response. */
  readonly httpVersion: '1.0' | '1.1' | '2.0';
  /** As the backend sent it, or empty. Printable ASCII only. */
  readonly reason: string;
  /** As received, connection-specific fields included, latin1. */
  readonly headers: HeaderSection;
  /** The same as a list: name, value, name, value, … */
  readonly fields: ReadonlyFieldSection;
  /** Body length in bytes where the response announced it (0 where it can have no body), null otherwise. */
  readonly contentLength: number | null;
}

/**
 * What is told of a response. At most one of `onEnd` and `onError` comes, it is the last call, and no
 * call comes before `dispatch` has returned or after `abort` was called. The handler must not throw.
 */
export interface ResponseHandler {
  /** An interim response (RFC 9110 §15.2) other than 100 and 101. */
  onInterim(status: number, fields: ReadonlyFieldSection): void;
  /** The final head. Once, before any data. */
  onHead(head: UpstreamResponseHead): void;
  /** A chunk of the body. The buffer may be kept. */
  onData(chunk: Buffer): void;
  /** The body is complete: framing was satisfied. Trailers as received, mostly empty. */
  onEnd(trailers: FieldSection): void;
  /** The exchange failed, before or after the head. */
  onError(error: ReverseItError): void;
}

/** What is told of a request to switch protocols (RFC 9110 §7.8). A refusal comes as an ordinary response. */
export interface UpgradeHandler extends ResponseHandler {
  /**
   * The backend answered 101. The socket is paused and belongs to the handler from now on, which must
   * attach its `error` listener at once; bytes that followed the head have been pushed back into it.
   */
  onSwitch(head: UpstreamResponseHead, socket: Duplex): void;
}

/** A request under way. */
export interface UpstreamExchange {
  /**
   * Connections that it was given so far: more than one where it was sent again, 0 while it waits for the
   * first.
   */
  readonly attempts: number;
  /** Stops the flow of the response body, not its head; at most one read's worth of chunks still comes. */
  pause(): void;
  resume(): void;
  /**
   * Within `onData` only: releases its chunk, which the handler uses no more. Its memory serves the next
   * read; otherwise it is left to the garbage collector.
   */
  releaseChunk(): void;
  /** Gives the request up and drops its connection. No handler call follows. Harmless when it is over. */
  abort(): void;
}
