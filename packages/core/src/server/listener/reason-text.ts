/** Errors of the system in words. */
import { getSystemErrorMap } from 'node:util';

/** Of a system error what it means and its code; Node's own message repeats the call and the address. */
export function reasonText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { errno, code } = cause as NodeJS.ErrnoException;
  if (errno === undefined) return cause.message;
  return `${getSystemErrorMap().get(errno)?.[1] ?? 'unknown system error'} (${code})`;
}
