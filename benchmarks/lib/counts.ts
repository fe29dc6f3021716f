/** What is counted of a target's processes while it works, beside times. */
import { availability, type HardwareCounts, PerfStat } from './perf.ts';
import { contextSwitches, hasProc, processTree, type Switches } from './proc.ts';

export interface Counts extends Switches {
  /** Null where the machine has no counters for them. */
  readonly hardware: HardwareCounts | null;
}

const nothing: Counts = { voluntary: Number.NaN, involuntary: Number.NaN, hardware: null };

/** Counts, from now on, what a process and its children do; what is returned ends it and tells. */
export async function startCounting(pid: number): Promise<() => Promise<Counts>> {
  if (!hasProc) return async () => nothing;
  const pids = processTree(pid);
  const perf = availability.counters ? await PerfStat.start(pids) : null;
  const before = contextSwitches(pids);
  return async () => {
    const after = contextSwitches(pids);
    return {
      voluntary: after.voluntary - before.voluntary,
      involuntary: after.involuntary - before.involuntary,
      hardware: perf === null ? null : await perf.stop(),
    };
  };
}
