import { Faults } from './faults.ts';

/**
 * Checks the `timeout` of a graceful close: what is no number would cut everything at once.
 * @throws ConfigError `RIT_ERR_CONFIG`
 */
export function checkCloseTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 0) return;
  const faults = new Faults();
  faults.refuse('timeout', timeout, 'milliseconds; 0 closes at once, Infinity waits without limit');
  faults.throwIfAny();
}
