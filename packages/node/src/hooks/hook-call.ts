/** What hooks hand back, and what they throw. */
import { fail, isReverseItError, type ReverseItError } from '@reverseit/core/errors';

/** A promise, or what a library hands out in place of one. */
export function isThenable<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return (
    ((typeof result === 'object' && result !== null) || typeof result === 'function') &&
    'then' in result &&
    typeof result.then === 'function'
  );
}

/** The error of a hook that threw, with the hook's name. One of ours that answers something stays itself. */
export function hookError(name: string, cause: unknown): ReverseItError {
  if (isReverseItError(cause) && cause.blame !== 'config') return cause;
  return fail('RIT_ERR_INTERNAL', `${name} threw`, { cause });
}
