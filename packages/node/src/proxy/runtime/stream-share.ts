/**
 * How many requests of a pool may be streamed although they could be held, because their client seems to wait
 * for the backend: as many as half of the pool can carry. Clients that merely stall, for which requests are
 * held, then leave the other half to whoever does not.
 */
import type { PoolValues } from '@reverseit/upstream';

/** Requests that one HTTP/2 connection carries at a time. */
const streamsPerConnection = 100;

export class StreamShare {
  #left: number;

  constructor({ poolSize, poolCount, protocols }: PoolValues) {
    const connections = Math.max(1, Math.floor((poolSize * poolCount) / 2));
    this.#left = protocols.includes('http2') ? connections * streamsPerConnection : connections;
  }

  /** Claims a place; false where none is free. */
  acquire(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** The request is complete, or over. */
  release(): void {
    this.#left++;
  }
}
