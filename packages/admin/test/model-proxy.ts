/** Figures of a proxy that does not exist: as many routes, backends and workers as a test wants, under load. */
import type {
  BackendState,
  BackendStats,
  HistogramStats,
  PoolStats,
  ProcessStats,
  ProxyStats,
  RouteStats,
} from '../src/stats.ts';

const bounds = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60,
];

export interface ModelOptions {
  /** Names of the routes. */
  readonly routes?: readonly string[];
  readonly backends?: readonly Partial<BackendStats>[];
  /** 0: one process without workers. */
  readonly workers?: number;
  /** Requests per second, over all routes. */
  readonly load?: number;
  readonly seed?: number;
}

/** Numbers of 0 to 1 that look random and are the same each time. */
const chanceFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const emptyHistogram = (): { counts: number[]; sum: number } => ({
  counts: bounds.map(() => 0).concat(0),
  sum: 0,
});

class ModelRoute {
  readonly name: string;
  readonly weight: number;
  readonly #counts = { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
  readonly #duration = emptyHistogram();
  #sent = 0;
  #received = 0;
  #messages = 0;
  #active = 0;

  constructor(name: string, weight: number) {
    this.name = name;
    this.weight = weight;
  }

  /** So many requests came, and were answered. */
  add(requests: number, errorShare: number, slowness: number, chance: () => number): void {
    for (let i = 0; i < requests; i += 1) {
      const one = chance();
      const status = one < errorShare ? '5xx' : one < 0.03 ? '4xx' : one < 0.08 ? '3xx' : '2xx';
      this.#counts[status] += 1;
      const seconds = slowness * 0.0015 * Math.exp(2.4 * (chance() + chance() + chance() - 1.5));
      const i = bounds.findIndex((bound) => seconds <= bound);
      this.#duration.counts[i === -1 ? bounds.length : i]! += 1;
      this.#duration.sum += seconds;
    }
    this.#sent += requests * 6200;
    this.#received += requests * 700;
    this.#messages += Math.round(requests / 9);
    this.#active = Math.round(requests * slowness * 0.006 + chance() * 2);
  }

  /** So many responses of this class, each after so many seconds. */
  answer(status: '2xx' | '3xx' | '4xx' | '5xx', count: number, seconds: number): void {
    this.#counts[status] += count;
    const i = bounds.findIndex((bound) => seconds <= bound);
    this.#duration.counts[i === -1 ? bounds.length : i]! += count;
  }

  stats(): RouteStats {
    return {
      route: this.name,
      active: this.#active,
      requests: { GET: { ...this.#counts } },
      duration: { counts: [...this.#duration.counts], sum: this.#duration.sum },
      firstByte: { counts: [...this.#duration.counts], sum: this.#duration.sum },
      bytesReceived: this.#received,
      bytesSent: this.#sent,
      webSockets: {
        open: this.weight > 3 ? 38 : 0,
        opened: 120,
        messagesFromClients: this.#messages,
        messagesFromBackends: this.#messages * 2,
        bytesFromClients: this.#messages * 80,
        bytesFromBackends: this.#messages * 200,
      },
    };
  }
}

export class ModelProxy {
  readonly #chance: () => number;
  readonly #routes: readonly ModelRoute[];
  readonly #backends: Mutable<BackendStats>[];
  readonly #load: number;
  readonly #errors: Record<string, number> = {};
  #processes: Mutable<ProcessStats>[];
  #time = 1_780_000_000_000;
  #startedAt = this.#time - 3 * 86_400_000 - 4 * 3_600_000;
  #seconds = 0;
  #replaced = 0;
  #nextPid = 4711;
  state: ProxyStats['state'] = 'serving';

  constructor(options: ModelOptions = {}) {
    const { routes = [], backends = [], workers = 0, load = 0, seed = 1 } = options;
    this.#chance = chanceFrom(seed);
    this.#load = load;
    this.#routes = routes.map((name, i) => new ModelRoute(name, 8 / (i + 1)));
    this.#backends = backends.map((given, i) => ({
      route: routes[0] ?? '/',
      backend: `backend-${i + 1}`,
      url: `http://10.0.0.${i + 1}:8080`,
      state: 'healthy',
      states: {},
      reason: null,
      active: 0,
      requests: 0,
      failures: 0,
      retries: 0,
      ejections: 0,
      checksPassed: 0,
      checksFailed: 0,
      latency: null,
      ...given,
    }));
    const names = workers === 0 ? ['main'] : Array.from({ length: workers }, (_, i) => `${i + 1}`);
    this.#processes = names.map((worker) => this.#process(worker));
  }

  /** So much time passes. Returns what it says then. */
  pass(ms = 1000): ProxyStats {
    this.#time += ms;
    this.#seconds += ms / 1000;
    const wave = 1 + 0.25 * Math.sin(this.#seconds / 23) + 0.1 * Math.sin(this.#seconds / 5);
    const isBad = this.#seconds % 300 > 210 && this.#seconds % 300 < 235;
    const weights = this.#routes.reduce((sum, { weight }) => sum + weight, 0);
    for (const route of this.#routes) {
      const mean = (this.#load * wave * route.weight * ms) / 1000 / weights;
      const requests = Math.round(mean * (0.9 + 0.2 * this.#chance()));
      route.add(requests, isBad ? 0.02 : 0.0005, isBad ? 3 : 1, this.#chance);
      this.#work(route.name, requests, isBad);
    }
    for (const process of this.#processes) this.#run(process, ms / 1000);
    return this.stats();
  }

  /** Exactly so many responses of a route, each after so many seconds. */
  answer(
    route: string,
    status: '2xx' | '3xx' | '4xx' | '5xx',
    count: number,
    seconds = 0.001,
  ): void {
    this.#routes.find(({ name }) => name === route)!.answer(status, count, seconds);
  }

  /** An error is counted so many times. */
  fail(code: string, count = 1): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + count;
  }

  setBackend(name: string, state: BackendState, reason: string | null = null): void {
    for (const backend of this.#backends) {
      if (backend.backend === name) Object.assign(backend, { state, reason });
    }
  }

  /** A worker ends, and another one takes its place. */
  replaceWorker(): void {
    this.#processes = [
      ...this.#processes.slice(1),
      this.#process(`${this.#processes.length + 1 + this.#replaced}`),
    ];
    this.#replaced += 1;
  }

  /** The whole proxy starts again and counts from 0. */
  restart(): void {
    this.#startedAt = this.#time;
  }

  stats(): ProxyStats {
    const webSockets = this.#routes.reduce((sum, route) => sum + route.stats().webSockets.open, 0);
    return {
      format: 1,
      version: '0.1.0',
      time: this.#time,
      startedAt: this.#startedAt,
      state: this.state,
      durationBounds: bounds,
      connections: {
        open: Math.round(this.#load / 9 + 30 * Math.sin(this.#seconds / 40)) + webSockets + 2,
        accepted: Math.round(this.#seconds * this.#load * 0.03),
        dropped: 0,
      },
      http2: { connections: 0, accepted: 0, streams: 0, streamsOpened: 0 },
      tunnels: 0,
      errors: { ...this.#errors },
      routes: this.#routes.map((route) => route.stats()),
      backends: this.#backends.map((backend) => ({
        ...backend,
        states: Object.keys(backend.states).length > 0 ? backend.states : { [backend.state]: 1 },
      })),
      pools: this.#pools(),
      processes: this.#processes.map((process) => ({
        ...process,
        eventLoopDelay: copy(process.eventLoopDelay),
      })),
      workersReplaced: this.#replaced,
    };
  }

  #work(route: string, requests: number, isBad: boolean): void {
    const usable = this.#backends.filter(
      (backend) => backend.route === route && /healthy|warming/.test(backend.state),
    );
    for (const backend of usable) {
      const part = Math.round(requests / usable.length);
      backend.requests += part;
      if (isBad && part > 0) backend.failures += 1;
      backend.active = Math.round(this.#chance() * 3 + part / 80);
      backend.latency = 0.0012 + this.#chance() * 0.0008;
    }
  }

  #run(process: Mutable<ProcessStats>, seconds: number): void {
    const counts = process.eventLoopDelay.counts as number[];
    for (let i = 0; i < seconds * 50; i += 1) {
      const late = 0.00006 * Math.exp(5 * this.#chance() ** 3);
      const at = bounds.findIndex((bound) => late <= bound);
      counts[at]! += 1;
    }
    process.uptime += seconds;
    process.cpu += (seconds * (this.#load / this.#processes.length)) / 9000;
    process.residentMemory = (92 + 14 * this.#chance()) * 2 ** 20;
    process.heapUsed = (24 + ((this.#seconds * 1.7) % 22)) * 2 ** 20;
  }

  #process(worker: string): Mutable<ProcessStats> {
    this.#nextPid += 1;
    return {
      worker,
      pid: this.#nextPid,
      state: 'listening',
      isCurrent: true,
      uptime: 0,
      cpu: 0,
      residentMemory: 80 * 2 ** 20,
      heapUsed: 20 * 2 ** 20,
      heapTotal: 60 * 2 ** 20,
      externalMemory: 2 ** 22,
      eventLoopDelay: emptyHistogram(),
      garbageCollections: {},
    };
  }

  #pools(): readonly PoolStats[] {
    const origins = [...new Set(this.#backends.map(({ url }) => url))];
    return origins.map((origin) => {
      const { requests, active } = this.#backends.find(({ url }) => url === origin)!;
      return {
        origin,
        open: active + 6,
        idle: 6,
        active,
        waiting: 0,
        switched: 0,
        opened: Math.round(requests * 0.002) + 6,
        reused: Math.round(requests * 0.998),
        retried: 0,
        connect: emptyHistogram(),
        wait: emptyHistogram(),
      };
    });
  }
}

const copy = ({ counts, sum }: HistogramStats): HistogramStats => ({ counts: [...counts], sum });
