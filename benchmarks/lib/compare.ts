/** Rounds that visit every target in turn, so that a machine whose speed drifts slows all of them. */
import { type Bench, failure, lackOf, roundOf, startBackend } from './bench.ts';
import { startCounting } from './counts.ts';
import type { Subject } from './processes.ts';
import type { LoadFigure, LoadSection, Missing } from './results.ts';
import type { Scenario } from './scenario.ts';
import { summarize, summarizeSome } from './statistics.ts';
import type { Target } from './targets.ts';

/** What one target did, round by round. */
export interface Samples {
  readonly target: Target;
  readonly cpu: number[];
  readonly perSecond: number[];
  readonly p50: number[];
  readonly p99: number[];
  readonly p999: number[];
  readonly voluntary: number[];
  readonly involuntary: number[];
  readonly instructions: number[];
  readonly cacheMisses: number[];
  peak: number;
}

export interface Comparison {
  readonly samples: readonly Samples[];
  readonly missing: readonly Missing[];
}

interface Runner {
  readonly subject: Subject;
  readonly samples: Samples;
}

/** A target that fails is stopped and told of; the others go on without it. */
class Contest {
  readonly #scenario: Scenario;
  readonly #bench: Bench;
  readonly #missing: Missing[] = [];
  #runners: Runner[] = [];

  constructor(scenario: Scenario, bench: Bench) {
    this.#scenario = scenario;
    this.#bench = bench;
  }

  async run(targets: readonly Target[], rounds: number): Promise<Comparison> {
    const { scale } = this.#bench;
    const backend = await startBackend(this.#bench, this.#scenario);
    const amount = roundOf(this.#scenario, scale);
    try {
      for (const target of targets) await this.#start(target, backend.port);
      await this.#each('warm-up', 1, async ({ subject }) => {
        await this.#scenario.run(subject, amount);
      });
      for (let round = 1; round <= rounds; round++) {
        await this.#each(`round ${round} of ${rounds}`, 1, (runner) =>
          this.#measure(runner, amount),
        );
      }
      return { samples: this.#runners.map(({ samples }) => samples), missing: this.#missing };
    } finally {
      for (const { subject } of this.#runners) await subject.stop();
      await backend.stop();
    }
  }

  async #start(target: Target, backend: number): Promise<void> {
    const { needs, routes, secure, http2, lack: missing } = this.#scenario;
    const lack = missing ?? lackOf(target, needs);
    if (lack !== null) {
      this.#missing.push({ target: target.name, reason: lack });
      return;
    }
    this.#bench.progress.begin(this.#scenario.name, `check, ${target.name}`);
    const core = this.#bench.cores.proxy;
    const subject = await target
      .start({ backend, core, routes, secure, http2 })
      .catch((error: unknown) => {
        this.#missing.push(failure(target.name, error));
      });
    if (!subject) return;
    const runner = { subject, samples: noSamples(target) };
    this.#runners.push(runner);
    await this.#attempt(runner, () => this.#scenario.check(subject.port));
  }

  async #each(
    step: string,
    weight: number,
    work: (runner: Runner) => Promise<void>,
  ): Promise<void> {
    const { progress, scale } = this.#bench;
    const { name, seconds } = this.#scenario;
    for (const runner of [...this.#runners]) {
      progress.begin(name, `${step}, ${runner.samples.target.name}`);
      await this.#attempt(runner, () => work(runner));
      progress.finish(seconds * weight * scale);
    }
  }

  async #attempt(runner: Runner, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#missing.push(failure(runner.samples.target.name, error));
      this.#runners = this.#runners.filter((other) => other !== runner);
      await runner.subject.stop();
    }
  }

  async #measure({ subject, samples }: Runner, amount: number): Promise<void> {
    const close = await this.#scenario.open?.(subject.port);
    const stopCounting = await startCounting(subject.pid);
    const before = await subject.usage();
    const { count, perSecond, p50, p99, p999 } = await this.#scenario.run(subject, amount);
    const after = await subject.usage();
    const { voluntary, involuntary, hardware } = await stopCounting();
    close?.();
    samples.cpu.push((after.cpu - before.cpu) / count);
    samples.perSecond.push(perSecond);
    samples.p50.push(p50);
    samples.p99.push(p99);
    samples.p999.push(p999);
    samples.voluntary.push(voluntary / count);
    samples.involuntary.push(involuntary / count);
    if (hardware !== null) {
      samples.instructions.push(hardware.instructions / count);
      samples.cacheMisses.push(hardware.cacheMisses / count);
    }
    samples.peak = after.peak;
  }
}

export const compare = (
  scenario: Scenario,
  targets: readonly Target[],
  rounds: number,
  bench: Bench,
): Promise<Comparison> => new Contest(scenario, bench).run(targets, rounds);

/** All targets under the load of a scenario. */
export async function measureLoad(
  scenario: Scenario,
  targets: readonly Target[],
  bench: Bench,
): Promise<LoadSection> {
  const { samples, missing } = await compare(scenario, targets, bench.rounds, bench);
  const { name, title, unit, timed } = scenario;
  return {
    kind: 'load',
    name,
    title,
    unit,
    timed,
    amount: roundOf(scenario, bench.scale),
    rounds: bench.rounds,
    figures: samples.map(figureOf),
    missing,
  };
}

const noSamples = (target: Target): Samples => ({
  target,
  cpu: [],
  perSecond: [],
  p50: [],
  p99: [],
  p999: [],
  voluntary: [],
  involuntary: [],
  instructions: [],
  cacheMisses: [],
  peak: 0,
});

const figureOf = ({ target, peak, ...all }: Samples): LoadFigure => ({
  target: target.name,
  cpu: summarize(all.cpu),
  perSecond: summarize(all.perSecond),
  p50: summarize(all.p50),
  p99: summarize(all.p99),
  p999: summarize(all.p999),
  voluntary: summarize(all.voluntary),
  involuntary: summarize(all.involuntary),
  instructions: summarizeSome(all.instructions),
  cacheMisses: summarizeSome(all.cacheMisses),
  peak,
});
