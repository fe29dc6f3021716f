/** What callbacks of the application hand back. */

/** Whether it is a promise, or what a library hands out in place of one. */
export function isThenable<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return (
    ((typeof result === 'object' && result !== null) || typeof result === 'function') &&
    'then' in result &&
    typeof result.then === 'function'
  );
}

/** Hears what a callback brings later, if it fails then. Nobody waits for it. */
export function watchCallback(result: unknown, onFailed: (cause: unknown) => void): void {
  if (isThenable(result)) Promise.resolve(result).catch(onFailed);
}
