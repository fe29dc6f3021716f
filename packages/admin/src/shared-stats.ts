/**
 * The figures of a proxy, taken once for all who ask at the same time: with many routes or workers they cost
 * milliseconds, and probes need no token.
 */
import type { ProxyStats } from './stats.ts';

/** How old figures may be that a probe is answered with, in ms. */
const maxAgeMs = 1000;

export class SharedStats {
  readonly #take: () => ProxyStats | Promise<ProxyStats>;
  readonly #now: () => number;
  #pending: Promise<ProxyStats> | null = null;
  #latest: ProxyStats | null = null;
  #takenAt = 0;

  /** `now` in ms, from any time on. */
  constructor(
    take: () => ProxyStats | Promise<ProxyStats>,
    now: () => number = () => performance.now(),
  ) {
    this.#take = take;
    this.#now = now;
  }

  /** Those of now; who asks while they are being taken gets the same. */
  current(): Promise<ProxyStats> {
    if (this.#pending !== null) return this.#pending;
    const pending = this.#begin();
    this.#pending = pending;
    return pending;
  }

  /** Those of now, or of at most a second ago. */
  recent(): Promise<ProxyStats> {
    if (this.#latest === null || this.#now() - this.#takenAt >= maxAgeMs) return this.current();
    return Promise.resolve(this.#latest);
  }

  /** Something was changed: whoever asks from now on sees it. */
  forget(): void {
    this.#pending = null;
    this.#latest = null;
  }

  #begin(): Promise<ProxyStats> {
    const at = this.#now();
    const pending: Promise<ProxyStats> = Promise.resolve()
      .then(this.#take)
      .then((stats) => {
        if (this.#pending === pending) {
          this.#latest = stats;
          this.#takenAt = at;
        }
        return stats;
      })
      .finally(() => {
        if (this.#pending === pending) this.#pending = null;
      });
    return pending;
  }
}
