/** Who is told of the errors of a server. */
import type { ReverseItError } from '../errors/reverseit-error.ts';
import type { RejectedRequest } from './exchange/rejected-request.ts';

/**
 * Told of each request that was rejected before it became an exchange (`rejected`: true), and of what a listener, a
 * handler or a callback of TLS has thrown (`RIT_ERR_INTERNAL`, with the `cause`). `request` is what is known of the
 * one that was rejected; null where none had begun, as where a client breaks the rules of HTTP/2. What it throws
 * itself is ignored.
 */
export type OnServerError = (
  error: ReverseItError,
  rejected: boolean,
  request: RejectedRequest | null,
) => void;

/** Time between two warnings, in ms: a mistake in a listener comes with every request. */
const quietMs = 10_000;

let lastWarning = Number.NEGATIVE_INFINITY;

/**
 * Where nobody wants to know: mistakes of the application's own are warnings of the process, now and then.
 */
export function warnOfFailure(error: ReverseItError): void {
  if (error.blame !== 'us') return;
  const now = performance.now();
  if (now - lastWarning < quietMs) return;
  lastWarning = now;
  const { cause, code, message } = error;
  process.emitWarning(`${message}; pass onError to createHttpServer to handle each error`, {
    type: 'ReverseItWarning',
    code,
    ...(cause instanceof Error && cause.stack !== undefined ? { detail: cause.stack } : {}),
  });
}
