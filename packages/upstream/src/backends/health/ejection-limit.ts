/**
 * How many backends may be ejected at the same time: failures that all of them show are more likely ours, or
 * the requests', and somebody has to serve.
 *
 * @param members backends of the group
 * @param ejected how many of them are ejected now
 * @param available how many of them get requests, with the one in question
 * @param maxPercent share that may be ejected; above 0 it allows at least one
 */
export function mayEject(
  members: number,
  ejected: number,
  available: number,
  maxPercent: number,
): boolean {
  if (available <= 1 || maxPercent === 0) return false;
  return ejected < Math.max(1, Math.floor((members * maxPercent) / 100));
}
