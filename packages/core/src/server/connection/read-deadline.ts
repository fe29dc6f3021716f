/** The one deadline that a connection's reading has at a time, and what the client is late with. */
import { timedOut } from '../../errors/passed-limit.ts';
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import { Deadline, type DeadlineTarget } from '../../time/deadlines.ts';
import type { ServerContext } from '../exchange/server-context.ts';

/** Longest time that a body is read and dropped, in ms. */
const discardTimeout = 5000;

/** A deadline that passes while its connection waits for its turn is looked at again after so many ms. */
const turnGrace = 250;

/** How long a client that has been idle for less is waited for when the server closes, in ms. */
const closingGrace = 250;

const AWAITED = { NOTHING: 0, HEAD: 1, BODY: 2, REST: 3, REQUEST: 4 } as const;
type Awaited = (typeof AWAITED)[keyof typeof AWAITED];

/** Who reads. */
export interface TurnWaiter {
  /** Whether it is not the client that is late, but the connection's turn. */
  readonly waitsForTurn: boolean;
}

/** Notified when the client is late. */
export interface ReadDeadlineDelegate {
  /** The client has begun something and is late with it. */
  refuse(error: ReverseItError): void;
  /** The client has begun nothing, or sends what nobody wants: the connection may end. */
  finish(): void;
}

export class ReadDeadline implements DeadlineTarget {
  readonly #context: ServerContext;
  readonly #reader: TurnWaiter;
  readonly #delegate: ReadDeadlineDelegate;
  readonly #deadline = new Deadline(this, 0);
  #awaited: Awaited = AWAITED.NOTHING;
  #bodyTimeout = 0;

  constructor(context: ServerContext, reader: TurnWaiter, delegate: ReadDeadlineDelegate) {
    this.#context = context;
    this.#reader = reader;
    this.#delegate = delegate;
  }

  /** Whether the client was heard of so lately that its next request may be in progress. */
  get isFresh(): boolean {
    return this.#deadline.elapsed(this.#context.deadlines.now()) < closingGrace;
  }

  /** A head is awaited, to its end: bytes of it do not restart the time. */
  awaitHead(): void {
    if (this.#awaited === AWAITED.HEAD) return;
    this.#awaited = AWAITED.HEAD;
    this.#context.headDeadlines.arm(this.#deadline);
  }

  /** More of a body is awaited, for as long as nothing of it comes. */
  awaitBody(timeout: number): void {
    this.#awaited = AWAITED.BODY;
    this.#bodyTimeout = timeout;
    this.#context.deadlines.queue(timeout).arm(this.#deadline);
  }

  /** The rest of a body is read and dropped. Once, and not for each read: a drip would take hours. */
  awaitRest(): void {
    this.#awaited = AWAITED.REST;
    this.#context.deadlines.queue(discardTimeout).arm(this.#deadline);
  }

  /** The next request is awaited. */
  awaitRequest(): void {
    this.#awaited = AWAITED.REQUEST;
    this.#context.keepAliveDeadlines.arm(this.#deadline);
  }

  /** A request that may be in progress is awaited; the server is closing. */
  awaitLastRequest(): void {
    this.#awaited = AWAITED.REQUEST;
    this.#context.deadlines.queue(closingGrace).arm(this.#deadline);
  }

  clear(): void {
    this.#awaited = AWAITED.NOTHING;
    this.#deadline.clear();
  }

  onDeadline(): void {
    if (this.#reader.waitsForTurn) {
      this.#context.deadlines.queue(turnGrace).arm(this.#deadline);
    } else if (this.#awaited === AWAITED.HEAD) {
      this.#delegate.refuse(timedOut('RIT_ERR_HEAD_TIMEOUT', this.#context.headDeadlines.ms));
    } else if (this.#awaited === AWAITED.BODY) {
      this.#delegate.refuse(timedOut('RIT_ERR_BODY_TIMEOUT', this.#bodyTimeout));
    } else this.#delegate.finish();
  }
}
