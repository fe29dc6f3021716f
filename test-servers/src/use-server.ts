/** For vitest: starts something before each test, stops it after, and fails when anything survives. */
import { afterEach, beforeEach } from 'vitest';
import { type Census, census, expectCensus } from './census.ts';

/** Anything with a close. */
export interface Closeable {
  close(): unknown;
}

/**
 * Checks, around each test of the file or group, that everything opened in it is closed. Call it
 * before the hooks and helpers whose work it shall judge.
 */
export function useCensus(guardMs?: number): void {
  let before: Census | undefined;
  beforeEach(() => {
    before = census();
  });
  afterEach(async () => {
    if (before !== undefined) await expectCensus(before, guardMs);
  });
}

/**
 * Starts one for each test and closes it afterwards. `server()` is the running one:
 * `const origin = useServer(() => startFriendlyOrigin()); … origin().url`.
 */
export function useServer<T extends Closeable>(start: () => T | Promise<T>): () => T {
  let running: T | undefined;
  beforeEach(async () => {
    running = await start();
  });
  afterEach(async () => {
    const stopping = running;
    running = undefined;
    await stopping?.close();
  });
  return () => {
    if (running === undefined) throw new Error('nothing is running outside of a test');
    return running;
  };
}

/**
 * Collects what a test opens and closes it afterwards, last opened first:
 * `const use = useCleanup(); … const client = use(await connectRaw({ port }));`.
 */
export function useCleanup(): <T extends Closeable>(opened: T) => T {
  const open: Closeable[] = [];
  afterEach(async () => {
    const failures: unknown[] = [];
    for (const thing of open.splice(0).reverse()) {
      try {
        await thing.close();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw failures[0];
  });
  return (thing) => {
    open.push(thing);
    return thing;
  };
}
