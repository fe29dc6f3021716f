/** One thing that is measured by itself. */
export interface MicroCase {
  readonly name: string;
  /** Bytes that a call works through, for the throughput; 0 where that says nothing. */
  readonly bytes: number;
  /**
   * The work, once. It takes another input from call to call and hands what it finds to
   * `do_not_optimize`, so that V8 can neither leave it out nor do it once for all.
   */
  run(): void;
}

/** Hands out the items of a list in turn, for ever. Its length is a power of two. */
export function inTurn<T>(items: readonly [T, ...T[]]): () => T {
  const last = items.length - 1;
  let next = 0;
  return () => {
    next = (next + 1) & last;
    return items[next] as T;
  };
}

/** Eight of them. */
export const eight = <T>(make: (index: number) => T): readonly [T, ...T[]] => [
  make(0),
  make(1),
  make(2),
  make(3),
  make(4),
  make(5),
  make(6),
  make(7),
];
