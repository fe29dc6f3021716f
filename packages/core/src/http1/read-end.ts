/**
 * Work that is put off to the end of the read that brings it about: what the parts of a message cause one
 * by one then leaves in one write. A tick would do as well, but costs half a microsecond for each message.
 */

/** Something that waits. Must not throw. */
export interface PutOff {
  flush(): void;
}

let waiting: PutOff[] = [];
let reading = false;

/** Lets `flush` run when the present read is over. False where there is none. */
export function putOff(work: PutOff): boolean {
  if (reading) waiting.push(work);
  return reading;
}

/** A read begins; `endRead` follows in any case. */
export function beginRead(): void {
  reading = true;
}

export function endRead(): void {
  reading = false;
  if (waiting.length === 0) return;
  const works = waiting;
  waiting = [];
  for (const work of works) work.flush();
}
