/**
 * Where each microsecond goes: a CPU profile of the small GET, its self time by package. The profile sees
 * JavaScript and the collector; native code and system calls are what the process used beyond them.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallGet } from '../scenarios.ts';
import { attribute, type CpuProfile, nativeGroup } from './attribution.ts';
import { type Bench, failure, scaled, startBackend } from './bench.ts';
import type { Subject } from './processes.ts';
import type { Missing, Profile, ProfileSection } from './results.ts';
import type { Target } from './targets.ts';

/** Seconds that a target takes, roughly. */
export const profileSeconds = 12;

/** Where the profiles are left: DevTools and speedscope draw flame graphs of them. */
export const profileFolder = join(tmpdir(), 'reverseit-profiles');

const mostFunctions = 15;

export async function measureProfile(
  targets: readonly Target[],
  bench: Bench,
): Promise<ProfileSection> {
  const amount = scaled(smallGet.amount * 2, bench.scale);
  const backend = await startBackend(bench);
  const profiles: Profile[] = [];
  const missing: Missing[] = [];
  mkdirSync(profileFolder, { recursive: true });
  for (const target of targets) {
    bench.progress.begin('profile', target.name);
    const core = bench.cores.proxy;
    try {
      const subject = await target.start({ backend: backend.port, core, routes: 0 });
      profiles.push(await profileOne(subject, amount));
      await subject.stop();
    } catch (error) {
      missing.push(failure(target.name, error));
    }
    bench.progress.finish(profileSeconds * bench.scale);
  }
  await backend.stop();
  const title = 'Where each microsecond of a small GET goes';
  return { kind: 'profile', name: 'profile', title, rounds: 1, amount, profiles, missing };
}

async function profileOne(subject: Subject, amount: number): Promise<Profile> {
  const { name, port } = subject;
  await smallGet.run(port, amount);
  const before = await subject.usage();
  await smallGet.run(port, amount);
  const after = await subject.usage();
  const cpu = (after.cpu - before.cpu) / amount;

  const file = join(profileFolder, `${name}.cpuprofile`);
  const started = await subject.startProfile();
  await smallGet.run(port, amount);
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
    kernel: (after.kernel - before.kernel) / amount,
    groups: [
      ...[...groups].map(([group, time]) => ({ name: group, cpu: time * each })),
      { name: nativeGroup, cpu: Math.max(0, all - seen) * each },
    ],
    functions: functions
      .slice(0, mostFunctions)
      .map(({ name: called, group, self }) => ({ name: called, group, cpu: self * each })),
  };
}
