/** What a process costs: memory, CPU, garbage collection, and how long its event loop is at something else. */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import type { ProcessStats } from '@reverseit/admin';
import { DurationHistogram } from '@reverseit/core/internal';

/**
 * Time between two looks at the event loop, in ms. A histogram of our own: percentiles, as `monitorEventLoopDelay`
 * gives them, neither add up over workers nor serve two readers who look at different times.
 */
const samplingMs = 20;

const collectionKinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak',
};

/** A garbage collection, as the performance observer tells of it; the types of Node lack `detail`. */
interface CollectionEntry extends PerformanceEntry {
  readonly detail?: { readonly kind?: number };
}

export class ProcessMeter {
  readonly #delay = new DurationHistogram();
  readonly #collections: Record<string, { count: number; time: number }> = {};
  #timer: NodeJS.Timeout | null = null;
  #observer: PerformanceObserver | null = null;
  #expectedAt = 0;

  start(): void {
    if (this.#timer !== null) return;
    this.#expectedAt = performance.now() + samplingMs;
    this.#timer = setInterval(() => this.#sample(), samplingMs).unref();
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#collected(entry);
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#observer?.disconnect();
    this.#observer = null;
  }

  #sample(): void {
    const now = performance.now();
    this.#delay.observe(Math.max(0, now - this.#expectedAt));
    this.#expectedAt = now + samplingMs;
  }

  #collected({ detail, duration }: CollectionEntry): void {
    const kind = collectionKinds[detail?.kind ?? -1] ?? 'other';
    this.#collections[kind] ??= { count: 0, time: 0 };
    this.#collections[kind].count++;
    this.#collections[kind].time += duration / 1000;
  }

  read(worker: string, state: string): ProcessStats {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      worker,
      pid: process.pid,
      state,
      isCurrent: true,
      uptime: process.uptime(),
      cpu: (user + system) / 1e6,
      residentMemory: rss,
      heapUsed,
      heapTotal,
      externalMemory: external,
      eventLoopDelay: this.#delay.read(),
      garbageCollections: structuredClone(this.#collections),
    };
  }
}
