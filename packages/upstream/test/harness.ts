import { liveParsers } from '@reverseit/core/internal';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { afterEach, expect } from 'vitest';
import type { Network } from '../src/connect/network.ts';
import {
  createPool,
  type DispatchLimits,
  type OriginOptions,
  type OriginPool,
  type Pool,
  type PoolOptions,
  type UpstreamExchange,
  type UpstreamRequest,
} from '../src/index.ts';
import {
  type OriginConnection,
  type RawOrigin,
  type RawOriginOptions,
  startRawOrigin,
} from './raw-origin.ts';
import { get, limits, Recorder, violations } from './recorder.ts';

/** The transport that the tests run over. */
export const transport = process.env.REVERSEIT_TRANSPORT === 'direct' ? 'direct' : 'undici';
/** Where the transports differ; README.md says how. */
export const isDirect = transport === 'direct';

export interface Setup {
  pool?: PoolOptions;
  origin?: RawOriginOptions;
  via?: OriginOptions;
  limits?: Partial<DispatchLimits>;
  network?: Network;
}

/** A pool, a backend, a clock, and what is counted when a test is over. */
export class Bench {
  readonly clock = new FakeClock();
  readonly pool: Pool;
  readonly origin: RawOrigin;
  readonly to: OriginPool;
  readonly limits: DispatchLimits;

  constructor(origin: RawOrigin, setup: Setup) {
    this.origin = origin;
    this.pool = createPool({ transport, ...setup.pool }, this.clock, setup.network);
    this.to = this.pool.origin(origin.url, setup.via);
    this.limits = { ...limits, ...setup.limits };
  }

  send(
    request: UpstreamRequest = get(),
    more: Partial<DispatchLimits> | null = null,
    to = this.to,
  ): Sent {
    const recorder = new Sent();
    const bounds = more === null ? this.limits : { ...this.limits, ...more };
    recorder.exchange = to.dispatch(request, bounds, recorder);
    recorder.dispatched = true;
    return recorder;
  }

  upgrade(request: UpstreamRequest = get(), protocol?: string): Sent {
    const recorder = new Sent();
    recorder.exchange = this.to.upgrade(request, this.limits, recorder, protocol);
    recorder.dispatched = true;
    return recorder;
  }

  /** The counts that matter for a leak. */
  get counts(): Record<'open' | 'idle' | 'active' | 'waiting' | 'switched', number> {
    const { open, idle, active, waiting, switched } = this.pool.stats();
    return { open, idle, active, waiting, switched };
  }

  /** Resolves once the counts are these; fails by the test's own timeout. */
  async settle(expected: Partial<Bench['counts']>): Promise<void> {
    for (let i = 0; i < 1000; i++) {
      const { counts } = this;
      const names = Object.keys(expected) as (keyof Bench['counts'])[];
      if (names.every((name) => counts[name] === expected[name])) return;
      await turn();
    }
    expect(this.counts).toMatchObject(expected);
  }
}

export class Sent extends Recorder {
  exchange!: UpstreamExchange;

  abort(): void {
    this.aborted = true;
    this.exchange.abort();
  }
}

/** One turn of the event loop, with its I/O. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

const benches: Bench[] = [];

export async function bench(
  onRequest: (connection: OriginConnection) => void = () => {},
  setup: Setup = {},
): Promise<Bench> {
  const made = new Bench(await startRawOrigin(onRequest, setup.origin), setup);
  benches.push(made);
  return made;
}

/** Whatever a test did, nothing may be left: no exchange, socket, slot, timer or parser. */
afterEach(async () => {
  expect(violations.splice(0)).toEqual([]);
  for (const made of benches.splice(0)) {
    await made.pool.destroy();
    expect(made.counts).toEqual({ open: 0, idle: 0, active: 0, waiting: 0, switched: 0 });
    expect(made.clock.timers.size).toBe(0);
    // A test may have left a backend that does not read, and so does not see the end.
    for (const { socket } of made.origin.connections) socket.resume();
    await made.origin.untilAllClosed();
    await made.origin.close();
  }
  expect(liveParsers()).toBe(0);
});
