/** When the next look-up is due. */

/** The least time between two look-ups in ms: Consul answers with a TTL of 0. */
export const minInterval = 5000;

/** The first pause after a failed look-up in ms; it doubles up to the interval. */
const firstPause = 1000;

export interface LookupOutcome {
  /** In ms; null where the answer had none. */
  readonly ttl: number | null;
  /** Look-ups in a row that failed. */
  readonly failures: number;
}

/**
 * Pause before the next look-up in ms. One of a few lengths, whatever a name server answers, since there is a
 * queue of deadlines for each: the interval, halved until it is within the TTL.
 */
export function refreshInterval(interval: number, { ttl, failures }: LookupOutcome): number {
  if (failures > 0) return Math.min(interval, firstPause * 2 ** Math.min(failures - 1, 30));
  if (ttl === null) return interval;
  let pause = interval;
  while (pause > ttl && pause / 2 >= minInterval) pause = Math.ceil(pause / 2);
  return pause;
}
