/** What a benchmark's processes say to each other, over the IPC channel of `child_process.fork`. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { processMemory } from '../lib/proc.ts';

export type Command =
  | { readonly do: 'usage' | 'collect' | 'profile' }
  | { readonly do: 'end profile'; readonly file: string };

export interface Ready {
  readonly type: 'ready';
  readonly port: number;
}

/** What a process has used since its start. */
export interface Usage {
  readonly type: 'usage';
  /** CPU time in µs, and the part of it that was spent in the kernel. */
  readonly cpu: number;
  readonly kernel: number;
  /** Resident memory in bytes, now and at most. */
  readonly rss: number;
  readonly peak: number;
}

export type Answer = Ready | Usage;

/** Idle client connections are kept as long as ReverseIt and nginx keep them, in ms. */
export const keepAliveTimeout = 75_000;

/** Time between two samples of a profile, in µs. */
const samplingInterval = 200;

/** Announces the port, answers each command with the usage so far, and ends with the channel. */
export function serveParent(port: number): void {
  process.on('message', async (command: Command) => {
    await obey(command);
    send(usage());
  });
  process.on('disconnect', () => process.exit(0));
  send({ type: 'ready', port });
}

let session: Session | null = null;

async function obey(command: Command): Promise<void> {
  if (command.do === 'collect') collectGarbage();
  if (command.do === 'profile') {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: samplingInterval });
    await session.post('Profiler.start');
  }
  if (command.do === 'end profile' && session !== null) {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    writeFileSync(command.file, JSON.stringify(profile));
  }
}

/** Gives memory back to the system too, as V8 does by and by in a process that is idle. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: Readonly<Record<string, string>>) => void;
  const options = { type: 'major', execution: 'sync', flavor: 'last-resort' };
  // What finalizers let go of is found by the second.
  collect(options);
  collect(options);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { type: 'usage', cpu: user + system, kernel: system, ...memory() };
}

function memory(): { rss: number; peak: number } {
  try {
    // Not maxRSS, which begins with that of the process that forked this one.
    return processMemory('self');
  } catch {
    return { rss: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 };
  }
}

function send(message: Answer): void {
  process.send?.(message);
}
