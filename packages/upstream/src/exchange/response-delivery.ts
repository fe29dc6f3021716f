/**
 * What the handler of a request is told of its response, in this order and nothing after the end. It keeps
 * the limit on the body, and holds back a start that may yet exceed it.
 */
import type { Duplex } from 'node:stream';
import type { ReverseItError } from '@reverseit/core/errors';
import type { FieldSection, ReadonlyFieldSection } from '@reverseit/core/http';
import { emitWarning } from './callback-warning.ts';
import type { ResolvedLimits } from './dispatch-limits.ts';
import {
  callData,
  callEnd,
  callError,
  callHead,
  callInterim,
  callSwitch,
} from './handler-calls.ts';
import { bodyTooLarge, type CheckedHead } from './message/response-head.ts';
import type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamResponseHead,
} from './message/upstream-response.ts';

/** A socket is read in chunks of at most so many bytes. */
const maxReadBytes = 65_536;

export abstract class ResponseDelivery {
  readonly limits: ResolvedLimits;
  readonly #handler: ResponseHandler;
  #head: CheckedHead | null = null;
  #received = 0;
  /**
   * Body of the read that brought the head, which is not delivered yet: where a limit may be exceeded within
   * that read, nothing of the response has been sent on when it is. Else null.
   */
  #start: Buffer[] | null = null;
  /** The handler needs the present chunk no more. */
  #released = false;

  constructor(limits: ResolvedLimits, handler: ResponseHandler) {
    this.limits = limits;
    this.#handler = handler;
  }

  /** The head has come, and the response is not over. */
  protected abstract readonly isReceiving: boolean;
  protected abstract readonly isOver: boolean;

  /** The response is refused. */
  abstract onFailed(error: ReverseItError): void;

  protected get responseHead(): CheckedHead | null {
    return this.#head;
  }

  /** Whether the final head has come. */
  get headSeen(): boolean {
    return this.#head !== null;
  }

  /** That of the final head; 0 before. */
  get status(): number {
    return this.#head?.status ?? 0;
  }

  /** Towards the handler, from within `onData`. */
  releaseChunk(): void {
    this.#released = true;
  }

  /** Whether the head, and what came with it, waits for `onReadEnd`. */
  get holdsStart(): boolean {
    return this.#start !== null;
  }

  /** The read that brought the head is over. Harmless at any other time. */
  onReadEnd(): void {
    const start = this.#start;
    const head = this.#head;
    if (start === null || head === null || !this.isReceiving) return;
    this.#start = null;
    this.#onThrown(callHead(this.#handler, head));
    for (const chunk of start) {
      if (!this.isOver) this.#onThrown(callData(this.#handler, chunk));
    }
  }

  /** So many body bytes have come or are announced; more, that is, than have come. */
  onAnnounced(length: number): void {
    const { maxResponseBodySize } = this.limits;
    if (length > maxResponseBodySize) this.onFailed(bodyTooLarge(maxResponseBodySize, length));
  }

  /** Answers whether the handler gave the chunk back. */
  onChunk(chunk: Buffer): boolean {
    if (!this.isReceiving) return false;
    this.#received += chunk.length;
    if (this.#received > this.limits.maxResponseBodySize) {
      this.onFailed(bodyTooLarge(this.limits.maxResponseBodySize, this.#received));
      return false;
    }
    if (this.#start !== null) {
      this.#start.push(chunk);
      return false;
    }
    this.#released = false;
    const thrown = callData(this.#handler, chunk);
    if (thrown === null) return this.#released;
    this.#onThrown(thrown);
    return false;
  }

  protected deliverHead(head: CheckedHead): void {
    this.#head = head;
    const unbounded = this.limits.maxResponseBodySize >= maxReadBytes;
    if (unbounded || head.contentLength !== null) this.#onThrown(callHead(this.#handler, head));
    else this.#start = [];
  }

  protected deliverInterim(status: number, fields: ReadonlyFieldSection): void {
    this.#onThrown(callInterim(this.#handler, status, fields));
  }

  protected deliverEnd(trailers: FieldSection): void {
    this.#onThrown(callEnd(this.#handler, trailers));
  }

  protected deliverError(error: ReverseItError): void {
    this.#onThrown(callError(this.#handler, error));
  }

  protected deliverSwitch(to: UpgradeHandler, head: UpstreamResponseHead, socket: Duplex): void {
    this.#onThrown(callSwitch(to, head, socket));
  }

  /** A handler that throws loses its exchange, and nobody else anything. */
  #onThrown(error: ReverseItError | null): void {
    if (error === null) return;
    if (this.isOver) emitWarning(error.message, error.cause);
    else this.onFailed(error);
  }
}
