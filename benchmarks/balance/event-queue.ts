/** What happens in a simulation, in the order of its times: a binary heap. */
export interface SimulatedEvent {
  /** In ms. */
  readonly at: number;
  run(): void;
}

export class EventQueue {
  now = 0;
  readonly #heap: SimulatedEvent[] = [];

  add(event: SimulatedEvent): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as SimulatedEvent).at <= event.at) break;
      heap[at] = heap[parent] as SimulatedEvent;
      at = parent;
    }
    heap[at] = event;
  }

  /** Runs all events up to a time. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as SimulatedEvent;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      const right = heap[child + 1];
      if (right !== undefined && right.at < (heap[child] as SimulatedEvent).at) child++;
      if ((heap[child] as SimulatedEvent).at >= last.at) break;
      heap[at] = heap[child] as SimulatedEvent;
      at = child;
    }
    heap[at] = last;
  }
}
