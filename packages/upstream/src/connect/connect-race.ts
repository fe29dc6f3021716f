/**
 * Connects to the first of several addresses that answers (RFC 8305 §4, §5): they are tried one after
 * another, the next when one has failed or has not answered for a while, and those before it go on. Node's
 * own `autoSelectFamily` gives an attempt up after that while, and with it a backend that is merely slow.
 */
import type { LookupAddress } from 'node:dns';
import type { OnReadOpts, Socket } from 'node:net';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import type { Network } from './network.ts';

/** Time before the next attempt, in ms: the Connection Attempt Delay of RFC 8305 §5. */
export const attemptDelay = 250;

/** Who waits for the outcome, which comes once. */
export interface RaceDelegate {
  /** The socket is connected, and nothing listens to it. */
  onWon(socket: Socket): void;
  /** No address is left. `error.errors` has what each of them failed with. */
  onLost(error: AggregateError): void;
}

/** Where to connect to, and how the socket is to read. */
export interface RaceTarget {
  readonly addresses: readonly LookupAddress[];
  readonly port: number;
  readonly onread: OnReadOpts | undefined;
}

export class ConnectRace implements DeadlineTarget {
  readonly #network: Network;
  readonly #target: RaceTarget;
  readonly #delegate: RaceDelegate;
  readonly #delay: DeadlineQueue;
  readonly #deadline = new Deadline(this, 0);
  readonly #waiting: LookupAddress[];
  readonly #attempts = new Set<Socket>();
  readonly #errors: Error[] = [];
  #over = false;

  constructor(network: Network, delay: DeadlineQueue, target: RaceTarget, delegate: RaceDelegate) {
    this.#network = network;
    this.#delay = delay;
    this.#target = target;
    this.#delegate = delegate;
    this.#waiting = interleaveFamilies(target.addresses);
  }

  start(): void {
    this.#next();
  }

  /** Gives all attempts up. The delegate is not told. */
  cancel(): void {
    this.#end();
  }

  onDeadline(): void {
    this.#next();
  }

  /** Begins the next attempt, or answers for all of them when none is left. */
  #next(): void {
    for (let address = this.#waiting.shift(); address !== undefined; ) {
      if (this.#attempt(address.address)) {
        if (this.#waiting.length > 0) this.#delay.arm(this.#deadline);
        return;
      }
      address = this.#waiting.shift();
    }
    if (this.#attempts.size > 0 || this.#over) return;
    this.#end();
    this.#delegate.onLost(new AggregateError(this.#errors));
  }

  #attempt(host: string): boolean {
    const { port, onread } = this.#target;
    const options = onread === undefined ? { host, port } : { host, port, onread };
    let socket: Socket;
    try {
      socket = this.#network.connect(options);
    } catch (error) {
      this.#errors.push(error as Error);
      return false;
    }
    this.#attempts.add(socket);
    const onError = (error: Error): void => this.#onFailed(socket, error);
    socket.once('connect', () => {
      if (this.#over) return;
      socket.off('error', onError);
      this.#attempts.delete(socket);
      this.#end();
      this.#delegate.onWon(socket);
    });
    // Stays with those that are given up: nobody else hears their errors.
    socket.on('error', onError);
    return true;
  }

  #onFailed(socket: Socket, error: Error): void {
    if (this.#over) return;
    this.#attempts.delete(socket);
    this.#errors.push(error);
    this.#next();
  }

  #end(): void {
    this.#over = true;
    this.#deadline.clear();
    for (const socket of this.#attempts) socket.destroy();
    this.#attempts.clear();
  }
}

/**
 * RFC 8305 §4: the families in turn, beginning with that of the first address; the order within each stays.
 */
function interleaveFamilies(addresses: readonly LookupAddress[]): LookupAddress[] {
  const [first] = addresses;
  const preferred = addresses.filter(({ family }) => family === first?.family);
  const others = addresses.filter(({ family }) => family !== first?.family);
  const inTurn: LookupAddress[] = [];
  for (let i = 0; i < Math.max(preferred.length, others.length); i++) {
    inTurn.push(...preferred.slice(i, i + 1), ...others.slice(i, i + 1));
  }
  return inTurn;
}
