/**
 * Bounds the retries of a group, so that a failure of all backends does not become a flood for them. A few may be
 * under way at any moment. Beyond that each request earns a share of a retry; what is not needed is saved, up to
 * the number of requests under way: one backend of a few that dies fails a third of them, or half, at once, and
 * each of these may go elsewhere. Retries of what has reached nobody, such as a refused connection, are not counted.
 */
export interface BudgetRules {
  /** Retries, in percent of the requests. */
  readonly percent: number;
  /** Retries under way that are always allowed. */
  readonly minimum: number;
}

/** So many may be saved where fewer requests are under way: they come in bursts. */
const minSaved = 100;

export class RetryBudget {
  readonly #minimum: number;
  /** In hundredths of a retry: whole numbers add up exactly. */
  readonly #earned: number;
  #saved = 0;
  #taken = 0;

  constructor({ percent, minimum }: BudgetRules) {
    this.#earned = percent;
    this.#minimum = minimum;
  }

  /** Retries under way. */
  get taken(): number {
    return this.#taken;
  }

  /** A request begins; with it so many are under way. */
  earn(active: number): void {
    this.#saved = Math.min(this.#saved + this.#earned, 100 * Math.max(active, minSaved));
  }

  /** Takes one retry out, if allowed. Who takes it releases it. */
  take(): boolean {
    if (this.#taken >= this.#minimum) {
      if (this.#saved < 100) return false;
      this.#saved -= 100;
    }
    this.#taken++;
    return true;
  }

  release(): void {
    this.#taken--;
  }
}
