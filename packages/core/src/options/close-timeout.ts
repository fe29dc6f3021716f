import { Faults } from './faults.ts';

/**
 * Checks the `timeout` of a graceful close, or another duration of it: what is no number would cut everything at once.
 * @throws ConfigError `RIT_ERR_CONFIG`
 */
export function checkCloseTimeout(timeout: unknown, key = 'timeout'): void {
  if (typeof timeout === 'number' && timeout >= 0) return;
  const faults = new Faults();
  faults.refuse(key, timeout, 'milliseconds; 0 closes at once, Infinity waits without limit');
  faults.throwIfAny();
}
