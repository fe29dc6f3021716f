/**
 * Where each microsecond goes: a CPU profile of a scenario, its self time by package. The profile sees
 * JavaScript and the collector; native code and system calls are what the process used beyond them.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attribute, type CpuProfile, nativeGroup } from './attribution.ts';
import { type Bench, failure, roundOf, startBackend } from './bench.ts';
import type { Subject } from './processes.ts';
import type { Missing, Profile, ProfileSection } from './results.ts';
import type { Scenario } from './scenario.ts';
import type { Target } from './targets.ts';

/** Seconds that a target takes, roughly. */
export const profileSeconds = 12;

/** Where the profiles are left: DevTools and speedscope draw flame graphs of them. */
export const profileFolder = join(tmpdir(), 'reverseit-profiles');

const mostFunctions = 15;

export async function measureProfile(
  scenario: Scenario,
  targets: readonly Target[],
  bench: Bench,
): Promise<ProfileSection> {
  const amount = roundOf(scenario, bench.scale) * (scenario.timed ? 1 : 2);
  const { routes, secure, http2, timed } = scenario;
  const backend = await startBackend(bench, scenario);
  const profiles: Profile[] = [];
  const missing: Missing[] = [];
  mkdirSync(profileFolder, { recursive: true });
  for (const target of targets) {
    bench.progress.begin('profile', target.name);
    const core = bench.cores.proxy;
    try {
      const subject = await target.start({ backend: backend.port, core, routes, secure, http2 });
      profiles.push(await profileOne(scenario, subject, amount));
      await subject.stop();
    } catch (error) {
      missing.push(failure(target.name, error));
    }
    bench.progress.finish(profileSeconds * bench.scale);
  }
  await backend.stop();
  const title = `Where each microsecond goes: ${scenario.title}`;
  const name = `profile ${scenario.name}`;
  return { kind: 'profile', name, title, rounds: 1, amount, timed, profiles, missing };
}

async function profileOne(scenario: Scenario, subject: Subject, amount: number): Promise<Profile> {
  const { name } = subject;
  await scenario.run(subject, amount);
  const before = await subject.usage();
  const { count } = await scenario.run(subject, amount);
  const after = await subject.usage();
  const cpu = (after.cpu - before.cpu) / count;

  const file = join(profileFolder, `${scenario.name}-${name}.cpuprofile`);
  const started = await subject.startProfile();
  await scenario.run(subject, amount);
  const ended = await subject.usage();
  await subject.stopProfile(file);
  const { groups, functions } = attribute(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile);
  // The profiler costs time of its own; shares are told of the time without it.
  const all = ended.cpu - started.cpu;
  const each = cpu / all;
  const seen = [...groups.values()].reduce((sum, time) => sum + time, 0);
  return {
    target: name,
    cpu,
    kernel: (after.kernel - before.kernel) / count,
    groups: [
      ...[...groups].map(([group, time]) => ({ name: group, cpu: time * each })),
      { name: nativeGroup, cpu: Math.max(0, all - seen) * each },
    ],
    functions: functions
      .slice(0, mostFunctions)
      .map(({ name: called, group, self }) => ({ name: called, group, cpu: self * each })),
  };
}
