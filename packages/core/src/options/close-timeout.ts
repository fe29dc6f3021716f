import { Faults } from './faults.ts';

/**
 * Checks the `timeout` of a graceful close: what is no number would cut everything at once.
 * @throws ConfigError `RIT_ERR_CONFIG`
 */
export function checkCloseTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 0) return;
  refuse('timeout', timeout, 'milliseconds; 0 closes at once, Infinity waits without limit');
}

/**
 * Checks the `delay` of a graceful close, after which it begins: without an end there would be no close.
 * @throws ConfigError `RIT_ERR_CONFIG`
 */
export function checkCloseDelay(delay: unknown): void {
  if (typeof delay === 'number' && delay >= 0 && Number.isFinite(delay)) return;
  refuse('delay', delay, 'milliseconds; 0 begins at once');
}

function refuse(key: string, value: unknown, accepts: string): void {
  const faults = new Faults();
  faults.refuse(key, value, accepts);
  faults.throwIfAny();
}
