/** What the sections of a run have in common. */
import { credentialFiles } from './credentials.ts';
import { type Cores, type Subject, startNode } from './processes.ts';
import type { Progress } from './progress.ts';
import type { Missing } from './results.ts';
import type { Scenario } from './scenario.ts';
import type { Need, Target } from './targets.ts';

export interface Bench {
  readonly rounds: number;
  /** What amounts are multiplied by. */
  readonly scale: number;
  readonly cores: Cores;
  readonly progress: Progress;
}

/** A short run still does enough to see that everything works. */
export const scaled = (amount: number, scale: number): number =>
  Math.max(Math.min(amount, 100), Math.round(amount * scale));

/** Units in a round, or seconds, of which wrk takes whole ones. */
export const roundOf = ({ amount, timed }: Scenario, scale: number): number =>
  timed ? Math.max(1, Math.round(amount * scale)) : scaled(amount, scale);

export function startBackend(
  { cores }: Bench,
  { secure, http2 }: Pick<Scenario, 'secure' | 'http2'>,
): Promise<Subject> {
  if (http2 === 'backends') return startNode('http2-backend', [], cores.backend);
  const files = secure === 'backend' ? Object.values(credentialFiles()) : [];
  return startNode('backend', files, cores.backend);
}

/** Why a target cannot do what is needed; null where it can. */
export function lackOf({ lacks }: Target, needs: readonly Need[]): string | null {
  for (const need of needs) {
    const reason = lacks[need];
    if (reason !== undefined) return reason;
  }
  return null;
}

/** Starts with it where a target failed, and was not unable from the start. */
export const failedPrefix = 'failed: ';

export const failure = (target: string, error: unknown): Missing => ({
  target,
  reason: failedPrefix + (error instanceof Error ? error.message : String(error)),
});
