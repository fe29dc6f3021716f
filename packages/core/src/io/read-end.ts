/**
 * Work that is put off to the end of the read that brings it about: what the parts of a message cause one
 * by one then leaves in one write. A tick would do as well, but costs half a microsecond for each message.
 */

/** Something that waits. Must not throw. */
export interface Deferred {
  flush(): void;
}

let waiting: Deferred[] = [];
/** Reads in progress: one can be within another, where a stream is emptied. */
let depth = 0;

/** Lets `flush` run when the present read is over. False where there is none. */
export function deferUntilReadEnd(work: Deferred): boolean {
  if (depth === 0) return false;
  waiting.push(work);
  return true;
}

/** Whether a read is in progress. */
export function isReading(): boolean {
  return depth > 0;
}

/** A read, or another piece of work of this kind, begins; `endRead` follows in any case. */
export function beginRead(): void {
  depth++;
}

export function endRead(): void {
  if (--depth > 0 || waiting.length === 0) return;
  const works = waiting;
  waiting = [];
  for (const work of works) work.flush();
}
