/** The processes of a run: started, pinned to a core, asked what they cost, and ended. */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer, Command, Usage } from '../targets/protocol.ts';
import { allowedCores, processTreeUsage } from './proc.ts';

/** A server under measurement, or beside it. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  /** The process that was started; others may be below it. */
  readonly pid: number;
  /** What all of its processes have used since the start. */
  usage(): Promise<Usage>;
  /** The same after a collection of garbage, where the target has any. */
  collect(): Promise<Usage>;
  /** Starts a CPU profile; only targets in Node have one. */
  startProfile(): Promise<Usage>;
  /** Ends it and writes it into a file. */
  stopProfile(file: string): Promise<Usage>;
  stop(): Promise<void>;
}

/** Which core is whose; null: wherever the system puts it. */
export interface Cores {
  readonly proxy: number | null;
  readonly backend: number | null;
  readonly generator: number | null;
}

/** A core of its own for the proxy where there are two, and for the backend where there are three. */
export function shareCores(): Cores {
  const cores = canPin ? allowedCores() : [];
  const [generator = null, proxy = null, backend = generator] = cores;
  return cores.length < 2
    ? { proxy: null, backend: null, generator: null }
    : { proxy, backend, generator };
}

const canPin = spawnSync('taskset', ['-p', String(process.pid)]).status === 0;

export function pin(pid: number | undefined, core: number | null): void {
  if (core !== null && pid !== undefined) {
    spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]);
  }
}

/** Those that run; a run that is broken off takes them along. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

export function remember(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** Starts `targets/NAME.ts`, which announces its port. */
export async function startNode(
  name: string,
  args: readonly string[],
  core: number | null,
): Promise<Subject> {
  const file = fileURLToPath(new URL(`../targets/${name}.ts`, import.meta.url));
  const child = fork(file, args, {
    // `http-proxy` calls util._extend.
    execArgv: [...process.execArgv, '--disable-warning=DEP0060'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  pin(child.pid, core);
  remember(child);
  const { port } = await answer(child, 'ready');
  const ask = (command: Command): Promise<Usage> => {
    child.send(command);
    return answer(child, 'usage');
  };
  return {
    name,
    port,
    pid: child.pid ?? 0,
    usage: () => ask({ do: 'usage' }),
    collect: () => ask({ do: 'collect' }),
    startProfile: () => ask({ do: 'profile' }),
    stopProfile: (file) => ask({ do: 'end profile', file }),
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
  const options = { stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
  const child =
    core === null
      ? spawn(file, args, options)
      : spawn('taskset', ['-c', String(core), file, ...args], options);
  remember(child);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-500);
  });
  await accepts(port, child, () => said);
  const usage = async (): Promise<Usage> => ({
    type: 'usage',
    kernel: Number.NaN,
    ...processTreeUsage(child.pid ?? 0),
  });
  const noProfile = async (): Promise<Usage> => {
    throw new Error(`${name} does not run in Node`);
  };
  return {
    name,
    port,
    pid: child.pid ?? 0,
    usage,
    collect: usage,
    startProfile: noProfile,
    stopProfile: noProfile,
    stop: () => ended(child, () => child.kill('SIGTERM')),
  };
}

/** The next message of a type. */
function answer<T extends Answer['type']>(
  child: ChildProcess,
  type: T,
): Promise<Extract<Answer, { type: T }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message: Answer) => {
      child.off('exit', onExit);
      if (message.type === type) resolve(message as Extract<Answer, { type: T }>);
      else reject(new Error(`answered ${message.type}, not ${type}`));
    });
  });
}

function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    end();
  });
}

/** Resolves once something listens on the port. */
async function accepts(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${said()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`does not listen on ${port}: ${said()}`);
}
