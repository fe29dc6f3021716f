/**
 * Bounds the retries of a group, so that a failure of all backends does not become a flood for them: at any
 * moment those under way are at most a share of all requests under way, or a few.
 */
export interface BudgetRules {
  /** Retries, in percent of the requests under way. */
  readonly percent: number;
  /** Retries that are always allowed. */
  readonly minimum: number;
}

export class RetryBudget {
  readonly #rules: BudgetRules;
  #taken = 0;

  constructor(rules: BudgetRules) {
    this.#rules = rules;
  }

  /** Retries under way. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes one retry out, if `active` requests under way allow it. Who takes it releases it. */
  take(active: number): boolean {
    const { percent, minimum } = this.#rules;
    if (this.#taken >= Math.max(minimum, Math.floor((active * percent) / 100))) return false;
    this.#taken++;
    return true;
  }

  release(): void {
    this.#taken--;
  }
}
