/** Waits for what only a question to somebody else shows. */
import { setImmediate as turn } from 'node:timers/promises';

/** Asks again and again until the answer is yes; fails after `ms`. */
export async function until(ask: () => Promise<boolean>, what: string, ms = 60_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await ask())) {
    if (performance.now() >= end) throw new Error(`waited ${ms} ms for ${what}`);
    await turn();
  }
}
