/** One flood against one proxy: a quiet time, one connection, many of them. */
import { setTimeout as pause } from 'node:timers/promises';
import { summarize } from '../lib/statistics.ts';
import type { AttackerQuestion } from './attacker.ts';
import type { BackendQuestion } from './backend.ts';
import type { Child } from './child.ts';
import type { Counts } from './connection.ts';
import type { Flood } from './flood.ts';
import type { Attacked, Backends, Target } from './targets.ts';
import type { Turns } from './turns.ts';
import type { VictimFigures, VictimQuestion } from './victim.ts';

/** Those that take part beside the proxy. */
export interface Cast {
  readonly attacker: Child<AttackerQuestion, Counts>;
  readonly victim: Child<VictimQuestion, VictimFigures>;
  readonly backend: Child<BackendQuestion, number>;
  readonly backends: Backends;
}

/** What the victim saw, in ms. */
export interface Waiting {
  readonly median: number;
  readonly worst: number;
  readonly failures: number;
}

/** What so many connections did in so much time. */
export interface Phase {
  readonly connections: number;
  readonly seconds: number;
  readonly waiting: Waiting;
  /** Growth of resident memory in bytes: at most, and what was left of it. */
  readonly grown: number;
  readonly kept: number;
  /** Of a core, from 0. */
  readonly cpu: number;
  readonly turns: Turns | null;
  readonly counts: Counts;
  /** Bytes that a hostile backend has poured. */
  readonly backendSent: number;
}

export interface Measured {
  readonly quiet: Waiting;
  readonly one: Phase;
  readonly many: Phase;
}

/** Connections that are many. */
export const usual = 50;
/** Time in which code is compiled that later times would pay for, and quiet time, in seconds. */
const warmUp = 0.3;
const quietTime = 0.5;
/** Time between two looks at the memory, in ms. */
const memoryInterval = 25;

/** Each number of connections gets so many seconds, or the flood's own. */
export async function measure(
  target: Target,
  flood: Flood,
  seconds: number,
  cast: Cast,
  core: number | null,
): Promise<Measured> {
  const attacked = await target.start(flood, cast.backends, core);
  try {
    const ask = { port: attacked.port, tls: flood.tls ?? false };
    await cast.victim.ask({ ...ask, seconds: warmUp });
    const quiet = waitingOf(await cast.victim.ask({ ...ask, seconds: quietTime }));
    const rss = (await attacked.begin()).rss;
    const one = await attack(attacked, flood, 1, seconds, cast, rss);
    const many = await attack(attacked, flood, flood.many ?? usual, seconds, cast, rss);
    return { quiet, one, many };
  } finally {
    await attacked.stop();
  }
}

/** One phase of it; growth is from `rss`. */
export async function attack(
  attacked: Attacked,
  flood: Flood,
  connections: number,
  seconds: number,
  cast: Cast,
  rss: number,
): Promise<Phase> {
  const time = Math.max(seconds, flood.seconds ?? 0);
  const { port } = attacked;
  const { http2 } = flood;
  const before = await cast.backend.ask(http2 === undefined ? {} : { http2 });
  await attacked.begin();
  const watch = new MemoryWatch(attacked);
  const flooding = cast.attacker.ask({ flood: flood.name, port, connections, seconds: time });
  const start = performance.now();
  const suffering = cast.victim.ask({ port, tls: flood.tls ?? false, seconds: time });
  const [counts, figures] = await Promise.all([flooding, suffering]);
  const elapsed = performance.now() - start;
  const peak = await watch.stop();
  const used = await attacked.used();
  const backendSent = (await cast.backend.ask({})) - before;
  const after = await attacked.begin();
  return {
    connections,
    seconds: time,
    waiting: waitingOf(figures),
    grown: Math.max(peak, used.rss) - rss,
    kept: after.rss - rss,
    cpu: used.cpu / 1000 / elapsed,
    turns: used.turns,
    counts,
    backendSent,
  };
}

function waitingOf({ latencies, failures }: VictimFigures): Waiting {
  const { median, max } = summarize(latencies);
  return { median, worst: max, failures };
}

/** Looks at the resident memory of a proxy again and again. */
class MemoryWatch {
  #peak = 0;
  #over = false;
  readonly #looking: Promise<void>;

  constructor(attacked: Attacked) {
    this.#looking = this.#look(attacked);
  }

  /** Ends it; resolves with the most there was, in bytes. */
  async stop(): Promise<number> {
    this.#over = true;
    await this.#looking;
    return this.#peak;
  }

  async #look(attacked: Attacked): Promise<void> {
    while (!this.#over) {
      // One that has ended is told of elsewhere.
      const now = await attacked.memory().catch(() => 0);
      this.#peak = Math.max(this.#peak, now || 0);
      await pause(memoryInterval);
    }
  }
}
