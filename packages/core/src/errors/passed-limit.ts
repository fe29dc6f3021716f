/**
 * Errors of limits and deadlines that were passed. Their text in the catalog names the option, and here
 * its value is appended.
 */
import { catalog, type ErrorCode } from './catalog.ts';
import { createError, type ReverseItError } from './reverseit-error.ts';

type Details = Readonly<Record<string, unknown>>;

/** The error of a limit whose value is `max`. */
export function overLimit(code: ErrorCode, max: number, details?: Details): ReverseItError {
  return createError(code, `${catalog[code].text} (${max})`, { details: { ...details, max } });
}

/** The error of a deadline of `afterMs`. */
export function timedOut(code: ErrorCode, afterMs: number, details?: Details): ReverseItError {
  return createError(code, `${catalog[code].text} (${afterMs} ms)`, {
    details: { ...details, afterMs },
  });
}
