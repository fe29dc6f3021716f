/** How many processes serve. */
import { availableParallelism } from 'node:os';

/** A number of processes, or as many as there are cores to run them. */
export type Workers = number | 'auto';

/** More of them than any machine has cores would be a mistake. */
export const maxWorkers = 1024;

/** Undefined where the value is neither. */
export const checkWorkers = (value: unknown): Workers | undefined => {
  if (value === 'auto') return value;
  const isCount = typeof value === 'number' && Number.isInteger(value);
  return isCount && value >= 1 && value <= maxWorkers ? value : undefined;
};

export const workersAccepted = `a whole number from 1 to ${maxWorkers}, or "auto"`;

/** `"auto"` follows the cores that this process may use. */
export const workerCount = (workers: Workers): number =>
  workers === 'auto' ? availableParallelism() : workers;
