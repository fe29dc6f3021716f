/** Time that passes when a test says so, for whatever takes a `Clock` of core; counts the timers that are armed. */
export class FakeClock {
  time = 1000;
  readonly timers = new Set<{ at: number; callback: () => void }>();
  made = 0;

  now(): number {
    return this.time;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + ms, callback };
    this.made++;
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Lets time pass, firing timers in their order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.delete(due);
      this.time = Math.max(this.time, due.at);
      due.callback();
    }
    this.time = end;
  }
}
