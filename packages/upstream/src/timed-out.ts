import { catalog, type ErrorCode, fail, type ReverseItError } from '@reverseit/core/errors';

/** The error of a deadline: its message names the option, and here its value as well. */
export function timedOut(code: ErrorCode, afterMs: number, origin?: string): ReverseItError {
  const details = origin === undefined ? { afterMs } : { origin, afterMs };
  return fail(code, `${catalog[code].text} (${afterMs} ms)`, { details });
}
