/** Chance in how often something is repeated, so that what many replicas do does not come together. */
import type { RandomSource } from './balance/policy.ts';

/** There is a queue of deadlines for each length of time, so that there can only be a few. */
const steps = 16;

/** A part of an interval, above 0 and at most 1: when the first time is. */
export const firstShare = (random: RandomSource): number =>
  (Math.floor(random() * steps) + 1) / steps;

/** From 0.95 to 1.05 of an interval: when the next time is. */
export const nextShare = (random: RandomSource): number =>
  0.95 + Math.floor(random() * steps) / (10 * (steps - 1));
