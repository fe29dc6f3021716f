import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { afterEach, expect } from 'vitest';
import {
  type BackendGroup,
  type BackendGroupOptions,
  type BackendInput,
  type BackendStateChange,
  createBackendGroup,
  createPool,
  type DispatchLimits,
  type GroupedExchange,
  type GroupRequest,
  type Pool,
  type PoolOptions,
} from '../src/index.ts';
import { transport, turn } from './harness.ts';
import { type OriginConnection, type RawOrigin, startRawOrigin } from './raw-origin.ts';
import { get, limits, Recorder } from './recorder.ts';
import { seededRandom } from './seeded-random.ts';

export const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** What a backend does with a request. */
export type Behaviour = (connection: OriginConnection) => void;

export const answers: Behaviour = (connection) => connection.write(ok);
export const hangs: Behaviour = () => {};
export const resets: Behaviour = (connection) => connection.reset();
export const fails =
  (status: number): Behaviour =>
  (connection) =>
    connection.write(`HTTP/1.1 ${status} No\r\ncontent-length: 2\r\n\r\nno`);

/** A backend whose behaviour may change. */
export class GroupBackend {
  behaviour: Behaviour;
  readonly origin: RawOrigin;

  constructor(origin: RawOrigin, behaviour: Behaviour) {
    this.origin = origin;
    this.behaviour = behaviour;
  }

  get url(): string {
    return this.origin.url;
  }

  get requests(): number {
    return this.origin.connections.reduce((sum, { requests }) => sum + requests, 0);
  }

  get received(): string {
    return this.origin.connections.map(({ received }) => received).join('');
  }

  /** Refuses connections from now on, and breaks those that there are. */
  async die(): Promise<void> {
    await this.origin.close();
  }
}

export class GroupSent extends Recorder {
  exchange!: GroupedExchange;

  abort(): void {
    this.aborted = true;
    this.exchange.abort();
  }
}

export class GroupRig {
  readonly clock = new FakeClock();
  readonly pool: Pool;
  readonly group: BackendGroup;
  readonly states: string[] = [];
  readonly list: readonly GroupBackend[];

  constructor(
    list: readonly GroupBackend[],
    options: BackendGroupOptions,
    pool: PoolOptions,
    inputs: (urls: readonly string[]) => readonly BackendInput[],
  ) {
    this.list = list;
    this.pool = createPool({ transport, ...pool }, this.clock);
    const onBackendState = ({ name, state, reason }: BackendStateChange) => {
      const number = list.findIndex(({ url }) => url === name);
      this.states.push(`${number} ${state}${reason === null ? '' : `: ${reason}`}`);
    };
    const urls = inputs(list.map(({ url }) => url));
    this.group = createBackendGroup(
      this.pool,
      urls,
      { ...options, onBackendState },
      seededRandom(1),
    );
  }

  send(request: GroupRequest = get(), more: Partial<DispatchLimits> = {}): GroupSent {
    const sent = new GroupSent();
    sent.exchange = this.group.dispatch(request, { ...limits, ...more }, sent);
    sent.dispatched = true;
    return sent;
  }

  upgrade(request: GroupRequest = get()): GroupSent {
    const sent = new GroupSent();
    sent.exchange = this.group.upgrade(request, limits, sent);
    sent.dispatched = true;
    return sent;
  }

  /** One after another; answers who was asked, by number. */
  async run(count: number, request: GroupRequest = get()): Promise<number[]> {
    const asked: number[] = [];
    for (let i = 0; i < count; i++) {
      const sent = await this.send(request).done;
      asked.push(this.list.findIndex(({ url }) => url === sent.exchange.backend));
    }
    return asked;
  }

  /** Resolves once a test holds; fails by the test's own timeout. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await turn();
  }

  get active(): number[] {
    return this.group.backends().map(({ active }) => active);
  }
}

const rigs: GroupRig[] = [];

interface Setup extends BackendGroupOptions {
  pool?: PoolOptions;
  inputs?: (urls: readonly string[]) => readonly BackendInput[];
}

export async function groupOf(
  behaviours: readonly Behaviour[],
  setup: Setup = {},
): Promise<GroupRig> {
  const { pool = {}, inputs = (urls) => urls, ...options } = setup;
  const list = await Promise.all(
    behaviours.map(async (behaviour) => {
      const backend: GroupBackend = new GroupBackend(
        await startRawOrigin((connection) => backend.behaviour(connection)),
        behaviour,
      );
      return backend;
    }),
  );
  const rig = new GroupRig(list, options, pool, inputs);
  rigs.push(rig);
  return rig;
}

/** Nothing is left: no request, socket or timer. */
afterEach(async () => {
  for (const { group, pool, clock, list } of rigs.splice(0)) {
    expect(group.backends().map(({ active }) => active)).toEqual(group.backends().map(() => 0));
    group.release();
    await pool.destroy();
    expect(pool.stats()).toMatchObject({ open: 0, idle: 0, active: 0, waiting: 0 });
    expect(clock.timers.size).toBe(0);
    for (const { origin } of list) {
      for (const { socket } of origin.connections) socket.resume();
      await origin.untilAllClosed();
      if (origin.server.listening) await origin.close();
    }
  }
});
