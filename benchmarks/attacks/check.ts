/**
 * The short form: each flood for a moment, with one connection. What is judged is the CPU time of the proxy's
 * turns and its memory, with wide margins, so that it shows what a busy machine does not.
 */
import { inspect } from 'node:util';
import { MiB } from './bounds.ts';
import type { Flood } from './flood.ts';
import { attack, type Cast, type Phase } from './measure.ts';
import { rateOf, turnOf } from './report.ts';
import type { Attacked, Target } from './targets.ts';

const limits = {
  /** CPU time of a turn, in ms: of any, and of those in which half of it was used. */
  longest: 100,
  typical: 20,
  /** Growth of resident memory in bytes. */
  grown: 128 * MiB,
} as const;

/** Time for code to be compiled that the first flood would pay for, in seconds. */
const warmUp = 0.2;

/** Whether all is within the limits. */
export async function checkFloods(
  floods: readonly Flood[],
  targets: readonly Target[],
  seconds: number,
  cast: Cast,
): Promise<boolean> {
  let hold = true;
  const titles = ['longest / typical', 'grown', 'victim'];
  console.log(`CPU time of turns, memory, waiting`.padEnd(48) + inCells(titles));
  for (const target of targets.filter(({ ours }) => ours)) {
    const taken = floods.filter((flood) => flood.many === undefined && target.takes(flood));
    for (const group of groupsOf(taken))
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
  let proxy: Attacked | null = null;
  let hold = true;
  for (const flood of floods) {
    proxy ??= await startWarm(target, flood, cast);
    const faults = await checkFlood(flood, target.name, proxy, seconds, cast);
    if (faults.length === 0) continue;
    console.log(`    DOES NOT HOLD: ${faults.join(', ')}`);
    hold = false;
    // The next one shall not suffer for it.
    await proxy.stop();
    proxy = null;
  }
  await proxy?.stop();
  return hold;
}

/** What does not hold. */
async function checkFlood(
  flood: Flood,
  target: string,
  proxy: Attacked,
  seconds: number,
  cast: Cast,
): Promise<string[]> {
  const name = `${flood.name} · ${target}`;
  try {
    const { rss } = await proxy.begin();
    const phase = await attack(proxy, flood, 1, seconds, cast, rss);
    console.log(lineOf(name, phase));
    console.log(`    ${rateOf(phase)}`);
    return faultsOf(phase, flood.typicalTurn ?? limits.typical);
  } catch (error) {
    console.log(name);
    return [String(error)];
  }
}

async function startWarm(target: Target, flood: Flood, cast: Cast): Promise<Attacked> {
  const proxy = await target.start(flood, cast.backends, null);
  await cast.victim.ask({ port: proxy.port, tls: flood.tls ?? false, seconds: warmUp });
  return proxy;
}

function faultsOf({ turns, grown, waiting }: Phase, typical: number): string[] {
  const longest = Math.max(limits.longest, 3 * typical);
  return [
    turns !== null && turns.longest > longest ? `a turn of more than ${longest} ms` : [],
    turns !== null && turns.typical > typical ? `turns of more than ${typical} ms` : [],
    grown > limits.grown ? `grew by more than ${limits.grown / MiB} MiB` : [],
    waiting.failures > 0 ? `${waiting.failures} honest requests were not served` : [],
  ].flat();
}

function lineOf(name: string, phase: Phase): string {
  const { grown, waiting } = phase;
  const cells = [
    turnOf(phase),
    `${(grown / MiB).toFixed(0)} MiB`,
    `${waiting.median.toFixed(0)} / ${waiting.worst.toFixed(0)} ms`,
  ];
  return name.padEnd(48) + inCells(cells);
}

const inCells = (cells: readonly string[]): string =>
  cells.map((cell) => cell.padStart(18)).join('');
