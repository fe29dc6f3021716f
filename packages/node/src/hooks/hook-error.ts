import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';

/** The error of a hook that threw, with the hook's name. One of ours that answers something stays itself. */
export function hookError(name: string, cause: unknown): ReverseItError {
  if (isReverseItError(cause) && cause.blame !== 'config') return cause;
  return createError('RIT_ERR_INTERNAL', `${name} threw`, { cause });
}
