/**
 * The short form: each flood for a moment, with one connection. What is judged is the CPU time of the proxy's
 * turns and its memory, with wide margins, so that it shows what a busy machine does not.
 */
import { inspect } from 'node:util';
import { MiB } from './bounds.ts';
import type { Flood } from './flood.ts';
import { attack, type Cast, type Phase } from './measure.ts';
import { rateOf } from './report.ts';
import type { Target } from './targets.ts';

const limits = {
  /** CPU time of a turn, in ms. */
  turn: 100,
  /** Growth of resident memory in bytes. */
  grown: 128 * MiB,
} as const;

/** Time for code to be compiled that the first flood would pay for, in seconds. */
const warmUp = 0.3;

/** Whether all is within the limits. */
export async function checkFloods(
  floods: readonly Flood[],
  targets: readonly Target[],
  seconds: number,
  cast: Cast,
): Promise<boolean> {
  let hold = true;
  for (const target of targets.filter(({ ours }) => ours)) {
    for (const group of groupsOf(floods.filter(({ many }) => many === undefined)))
      hold = (await checkGroup(group, target, seconds, cast)) && hold;
  }
  return hold;
}

/** Those of the same options share a proxy. */
function groupsOf(floods: readonly Flood[]): readonly Flood[][] {
  const groups = new Map<string, Flood[]>();
  for (const flood of floods) {
    const key = inspect([flood.options, flood.tls]);
    groups.set(key, [...(groups.get(key) ?? []), flood]);
  }
  return [...groups.values()];
}

async function checkGroup(
  floods: readonly Flood[],
  target: Target,
  seconds: number,
  cast: Cast,
): Promise<boolean> {
  const [first] = floods;
  if (first === undefined) return true;
  const proxy = await target.start(first, cast.backends, null);
  await cast.victim.ask({ port: proxy.port, tls: first.tls ?? false, seconds: warmUp });
  let hold = true;
  for (const flood of floods) {
    if (flood.http2 !== undefined) await cast.backend.ask({ http2: flood.http2 });
    const { rss } = await proxy.begin();
    const phase = await attack(proxy, flood, 1, seconds, cast, rss);
    const faults = faultsOf(phase);
    console.log(lineOf(`${flood.name} · ${target.name}`, phase));
    if (faults.length === 0) continue;
    console.log(`    DOES NOT HOLD: ${faults.join(', ')}; ${rateOf(phase)}`);
    hold = false;
  }
  await proxy.stop();
  return hold;
}

function faultsOf({ turns, grown, waiting }: Phase): string[] {
  return [
    turns !== null && turns.longest > limits.turn ? `a turn of more than ${limits.turn} ms` : [],
    grown > limits.grown ? `grew by more than ${limits.grown / MiB} MiB` : [],
    waiting.failures > 0 ? `${waiting.failures} honest requests were not served` : [],
  ].flat();
}

function lineOf(name: string, { turns, grown }: Phase): string {
  const turn = `${(turns?.longest ?? 0).toFixed(1)} ms`;
  return `${name.padEnd(48)} ${turn.padStart(10)} ${(grown / MiB).toFixed(0).padStart(6)} MiB`;
}
