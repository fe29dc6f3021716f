/** Doublings of the pause; with the default base it ends at 0.8 s. */
const doublings = 5;

/**
 * Pause before a further attempt, in ms: by chance up to twice the last limit ("full jitter"), so that
 * clients of a backend that failed do not all come back at the same moment.
 *
 * @param base limit of the first pause
 * @param retry number of the retry, from 1
 * @param random from 0 to below 1
 */
export function backOff(base: number, retry: number, random: number): number {
  return Math.floor(random * base * 2 ** Math.min(retry - 1, doublings));
}
