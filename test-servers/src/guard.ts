/**
 * Every wait of a test ends: with its event, or with a sentence that says what never came. The guard
 * is generous, since it is no sleep and costs nothing when the event comes.
 */

/** How long a wait may last before it is given up, in milliseconds. */
export const defaultGuardMs = 20_000;

/** A wait that did not end in time. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
}

/** A promise with its two ends, settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Makes a promise to be settled from outside. Its rejection never goes unhandled. */
export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/** What a wait says when it is given up: a sentence, or what makes it at that moment. */
export type Waiting = string | (() => string);

const sentence = (what: Waiting): string => (typeof what === 'string' ? what : what());

/** The promise's outcome, or a `GuardError` after `ms`. `what` completes "waited … ms for". */
export function guarded<T>(
  promise: Promise<T>,
  what: Waiting,
  ms: number = defaultGuardMs,
): Promise<T> {
  // Made here, so that the stack names the line that waits.
  const failure = new GuardError('');
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      failure.message = `waited ${ms} ms for ${sentence(what)}`;
      reject(failure);
    }, ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Lets everything that is ready run: one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Waits until `probe` answers anything but `undefined` or `false`, asked once each turn of the event
 * loop. For facts that no event announces.
 */
export async function eventually<T>(
  probe: () => T | undefined | false,
  what: Waiting,
  ms: number = defaultGuardMs,
): Promise<T> {
  const failure = new GuardError('');
  const end = performance.now() + ms;
  for (;;) {
    const answer = probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() >= end) {
      failure.message = `waited ${ms} ms for ${sentence(what)}`;
      throw failure;
    }
    await turn();
  }
}
