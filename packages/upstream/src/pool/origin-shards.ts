/** The shards of one origin, and who uses them. */

import type { UpstreamRequest } from '../exchange/message/upstream-request.ts';
import type { Origin } from '../options/origin.ts';
import type { OriginMeter } from './origin-meter.ts';
import type { Shard, ShardStats } from './shard.ts';

/** Counts of one origin, over its shards. */
export interface OriginStats extends ShardStats {
  /** `http://host:port`, with the unix socket where there is one. */
  readonly origin: string;
}

/** The shards of one origin, served in turn. */
export class OriginShards {
  readonly shards: readonly Shard[];
  readonly origin: Origin;
  /** What they count with. */
  readonly meter: OriginMeter;
  /** The pool does not know it any more, since nobody used it. */
  forgotten = false;
  /** Ways to it that are not released. */
  #users = 0;
  #next = 0;

  constructor(origin: Origin, shards: readonly Shard[], meter: OriginMeter) {
    this.origin = origin;
    this.meter = meter;
    this.shards = shards;
  }

  get hasRoom(): boolean {
    for (const shard of this.shards) if (shard.hasRoom) return true;
    return false;
  }

  get isUnused(): boolean {
    return this.shards.every((shard) => shard.isUnused);
  }

  /** Nobody will ask for a connection any more. */
  get isReleased(): boolean {
    return this.#users === 0;
  }

  acquire(): void {
    this.#users++;
    if (this.#users === 1) for (const shard of this.shards) shard.retired = false;
  }

  release(): void {
    this.#users--;
    if (this.#users === 0) for (const shard of this.shards) shard.retired = true;
  }

  pick(request: UpstreamRequest): Shard {
    const { shards } = this;
    const { length } = shards;
    const first = this.#next;
    if (length > 1) {
      const home = this.#homeOf(request);
      if (home !== null) return home;
      this.#next = (first + 1) % length;
      for (let i = 0; i < length; i++) {
        const shard = shards[(first + i) % length] as Shard;
        if (shard.hasRoom) return shard;
      }
    }
    return shards[first] as Shard;
  }

  /** Where the request's client has a connection of its own. */
  #homeOf(request: UpstreamRequest): Shard | null {
    for (const shard of this.shards) {
      if (!shard.hasBound) continue;
      const { client } = request;
      if (client !== undefined && client !== null && shard.isHomeOf(client)) return shard;
    }
    return null;
  }

  stats(): OriginStats {
    return { origin: this.origin.label, ...sum(this.shards.map((shard) => shard.stats())) };
  }
}

/** Counts of several parts as those of one. */
export function sum(parts: readonly ShardStats[]): ShardStats {
  const total = { open: 0, idle: 0, active: 0, waiting: 0, switched: 0, opened: 0, reused: 0 };
  for (const part of parts) {
    total.open += part.open;
    total.idle += part.idle;
    total.active += part.active;
    total.waiting += part.waiting;
    total.switched += part.switched;
    total.opened += part.opened;
    total.reused += part.reused;
  }
  return total;
}
