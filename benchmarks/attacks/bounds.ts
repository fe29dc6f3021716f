/** What one client may do to all others. */
import type { Flood } from './flood.ts';
import type { Measured } from './measure.ts';

export const MiB = 1024 * 1024;

export const bounds = {
  /** By which one connection, and many, may raise the victim's median, in ms. */
  medianOfOne: 5,
  medianOfMany: 50,
  /** The victim's longest wait beside one connection, in ms. */
  worstOfOne: 100,
  /** By which the proxy may grow through one connection, in bytes. */
  memoryOfOne: 64 * MiB,
} as const;

/** What does not hold, in a few words each. */
export function faultsOf({ quiet, one, many }: Measured, flood: Flood): string[] {
  const failures = one.waiting.failures + many.waiting.failures;
  const answers = (['one', 'many'] as const).flatMap(
    (phase) => flood.fault?.({ one, many }[phase].counts) ?? [],
  );
  return [
    one.waiting.median - quiet.median > bounds.medianOfOne ? 'median of one' : [],
    one.waiting.worst > bounds.worstOfOne ? 'worst of one' : [],
    one.grown > bounds.memoryOfOne ? 'memory of one' : [],
    many.waiting.median - quiet.median > bounds.medianOfMany ? 'median of many' : [],
    failures > 0 ? `${failures} not served` : [],
    answers,
  ].flat();
}
