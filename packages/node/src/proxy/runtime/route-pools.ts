/** The pools of a proxy's routes. Those whose options stay the same are kept when routes are replaced. */
import { isDeepStrictEqual } from 'node:util';
import { createPool, type Pool, type PoolValues } from '@reverseit/upstream';
import { createMeteredPool, type OriginMeters } from '@reverseit/upstream/internal';
import { StreamShare } from './stream-share.ts';

/** What routes with the same pool share. */
export class RoutePool {
  readonly options: PoolValues;
  readonly streams: StreamShare;
  readonly #meters: OriginMeters | null;
  /** Null as long as no route with a backend has it. */
  pool: Pool | null = null;

  constructor(options: PoolValues, meters: OriginMeters | null) {
    this.options = options;
    this.#meters = meters;
    this.streams = new StreamShare(options);
  }

  /** @throws ConfigError `RIT_ERR_CONFIG` for TLS options that cannot be used */
  open(): Pool {
    this.pool ??=
      this.#meters === null
        ? createPool(this.options)
        : createMeteredPool(this.options, this.#meters);
    return this.pool;
  }
}

export class RoutePools {
  /** By the option as it was resolved: routes that were given the same object share a pool. */
  readonly #pools = new Map<PoolValues, RoutePool>();
  readonly #made: RoutePool[] = [];
  readonly #meters: OriginMeters | null;
  /** Of the former routes, those that nobody has taken over. */
  readonly #left: RoutePool[];

  constructor(former: RoutePools | null, meters: OriginMeters | null) {
    this.#meters = meters;
    this.#left = former === null ? [] : [...former.#pools.values()];
  }

  get(options: PoolValues): RoutePool {
    let found = this.#pools.get(options);
    if (found === undefined) {
      found = this.#takeOver(options) ?? this.#make(options);
      this.#pools.set(options, found);
    }
    return found;
  }

  #takeOver(options: PoolValues): RoutePool | undefined {
    const at = this.#left.findIndex((one) => isDeepStrictEqual(one.options, options));
    return at < 0 ? undefined : this.#left.splice(at, 1)[0];
  }

  #make(options: PoolValues): RoutePool {
    const made = new RoutePool(options, this.#meters);
    this.#made.push(made);
    return made;
  }

  /** All that were opened. */
  get pools(): Pool[] {
    return opened([...this.#pools.values()]);
  }

  /** Those of the former routes that no route has any more. */
  get unused(): Pool[] {
    return opened(this.#left);
  }

  /** Ends what was made for routes that are not to be. */
  discard(): void {
    for (const pool of opened(this.#made)) void pool.destroy();
  }
}

const opened = (all: readonly RoutePool[]): Pool[] =>
  all.flatMap(({ pool }) => (pool === null ? [] : [pool]));
