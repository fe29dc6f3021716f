/** A network in which a test says what a name stands for, and when a connection to an address is made. */
import type { LookupAddress } from 'node:dns';
import { type NetConnectOpts, Socket } from 'node:net';
import type { LookupCallback, Network } from '../src/connect/network.ts';

/** What becomes of an attempt to connect: all go to 127.0.0.1, at once or when they are released. */
export type Fate = 'connects' | 'waits' | 'refuses' | 'throws';

export interface Attempt {
  readonly address: string;
  readonly socket: Socket;
  /** Whether the socket reads into a buffer of ours. */
  readonly readsInto: boolean;
  release(): void;
}

export class FakeNetwork implements Network {
  readonly attempts: Attempt[] = [];
  readonly lookups: string[] = [];
  /** Address → fate, in the order in which the name has them. */
  fates: Record<string, Fate>;
  /** Null: the look-up is answered when `answer` is called. */
  error: Error | null = null;
  isHeld = false;
  #answers: (() => void)[] = [];

  constructor(fates: Record<string, Fate>) {
    this.fates = fates;
  }

  get addresses(): string[] {
    return this.attempts.map(({ address }) => address);
  }

  lookup(name: string, callback: LookupCallback): void {
    this.lookups.push(name);
    this.#answers.push(() => {
      const addresses = Object.keys(this.fates).map((address): LookupAddress => {
        return { address, family: address.includes(':') ? 6 : 4 };
      });
      callback(this.error, this.error === null ? addresses : []);
    });
    if (!this.isHeld) process.nextTick(() => this.answer());
  }

  /** Answers the look-ups that wait. */
  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }

  connect(options: NetConnectOpts): Socket {
    const { host = '', port, onread } = options as { host?: string; port: number; onread?: object };
    const fate = this.fates[host];
    if (fate === 'throws') throw codedError('ERR_SOCKET_BAD_PORT');
    const socket = new Socket({ onread } as object);
    const release = (): void => void socket.connect({ host: '127.0.0.1', port });
    this.attempts.push({ address: host, socket, readsInto: onread !== undefined, release });
    if (fate === 'refuses') process.nextTick(() => socket.destroy(codedError('ECONNREFUSED')));
    else if (fate === 'connects') release();
    return socket;
  }
}

export function codedError(code: string, more: object = {}): Error {
  return Object.assign(new Error(code), { code, ...more });
}
