/** The processes of a run: started, pinned to a core, asked what they cost, and ended. */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Ready, Usage } from '../targets/protocol.ts';

/** A server under measurement, or beside it. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  /** CPU time since the start in µs, and resident memory in bytes, over all of its processes. */
  usage(): Promise<{ readonly cpu: number; readonly rss: number }>;
  stop(): Promise<void>;
}

export const canPin = spawnSync('taskset', ['-p', String(process.pid)]).status === 0;

export function pin(pid: number | undefined, core: number | null): void {
  if (canPin && core !== null && pid !== undefined) {
    spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]);
  }
}

/** Starts `targets/NAME.ts`, which announces its port. */
export async function startNode(
  name: string,
  args: readonly string[],
  core: number | null,
): Promise<Subject> {
  const file = fileURLToPath(new URL(`../targets/${name}.ts`, import.meta.url));
  const child = fork(file, args, { execArgv: [...process.execArgv, '--disable-warning=DEP0060'] });
  pin(child.pid, core);
  const { port } = await message<Ready>(child);
  return {
    name,
    port,
    usage: () => {
      child.send('usage');
      return message<Usage>(child);
    },
    stop: () => ended(child, () => child.disconnect()),
  };
}

/** Starts a program that serves on a known port, in the foreground. */
export async function startProgram(
  name: string,
  command: readonly [string, ...string[]],
  port: number,
  core: number | null,
): Promise<Subject> {
  const [file, ...args] = command;
  const pinned = canPin && core !== null;
  const child = pinned
    ? spawn('taskset', ['-c', String(core), file, ...args], { stdio: 'ignore' })
    : spawn(file, args, { stdio: 'ignore' });
  await accepts(port, child);
  return {
    name,
    port,
    usage: async () => sumUsage(child.pid ?? 0),
    stop: () => ended(child, () => child.kill('SIGTERM')),
  };
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value as T);
    });
  });
}

function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    end();
  });
}

/** Resolves once something listens on the port. */
async function accepts(port: number, child: ChildProcess): Promise<void> {
  const { connect } = await import('node:net');
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.spawnfile} does not listen on ${port}`);
}

/** Clock ticks a second, as Linux has had them for decades. */
const ticks = 100;
const pageBytes = 4096;

/** A process and its children, from /proc. */
function sumUsage(pid: number): { cpu: number; rss: number } {
  const fields = (file: string): string[] => {
    const text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
    // The name of the program may hold blanks.
    return text
      .slice(text.lastIndexOf(')') + 1)
      .trim()
      .split(' ');
  };
  const stat = fields('stat');
  const total = {
    cpu: ((Number(stat[11]) + Number(stat[12])) / ticks) * 1e6,
    rss: Number(stat[21]) * pageBytes,
  };
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  for (const child of children === '' ? [] : children.split(' ')) {
    const { cpu, rss } = sumUsage(Number(child));
    total.cpu += cpu;
    total.rss += rss;
  }
  return total;
}
