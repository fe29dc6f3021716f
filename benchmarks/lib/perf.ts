/** Hardware counters of processes, by `perf stat`, where it is installed and the machine has them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { remember } from './processes.ts';

/** What processors count; what repeats from run to run, where times do not. */
export interface HardwareCounts {
  readonly instructions: number;
  readonly cacheMisses: number;
}

export interface Availability {
  readonly counters: boolean;
  /** One sentence for the results. */
  readonly said: string;
}

/** How it is spoken to: commands come in by one descriptor, and are acknowledged by the other. */
const control = ['--control', 'fd:3,4'];
const base = ['stat', '-x', ',', '-e', 'instructions,cache-misses', ...control];
const pipes = ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] as const;
/** Messages and numbers are in no other language. */
const env = { ...process.env, LC_ALL: 'C' };

/** Looks once. */
export const availability: Availability = availabilityOf(
  spawnSync('perf', [...base, '--', 'true'], { encoding: 'utf8', env, stdio: [...pipes] }),
);

/** What a first try of it tells. */
export function availabilityOf({
  error,
  status,
  stderr,
}: {
  readonly error?: Error | undefined;
  readonly status: number | null;
  readonly stderr: string;
}): Availability {
  const none = (reason: string): Availability => ({
    counters: false,
    said: `Instructions and cache misses are not counted: ${reason}.`,
  });
  if (error !== undefined) return none('perf is not installed');
  const [reason = ''] = stderr.trim().split('\n');
  if (status !== 0) return none(`perf stat says "${reason}"`);
  if (readCounts(stderr) === null) return none('perf stat has no hardware counters here');
  const where = /instructions\S*:u\b/.test(stderr) ? 'outside of the kernel only' : 'in all';
  return { counters: true, said: `Instructions and cache misses are counted ${where}.` };
}

/**
 * Reads the lines of `perf stat -x,`: value, unit, event and more. A processor with cores of two kinds has a line
 * for each kind. Null where one of the two was not counted.
 */
export function readCounts(text: string): HardwareCounts | null {
  const lines = text.split('\n').map((line) => line.split(','));
  const total = (name: RegExp): number | null => {
    const values = lines
      .filter(([, , event]) => name.test(event ?? ''))
      .map(([value]) => Number(value))
      .filter((value) => !Number.isNaN(value));
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value);
  };
  const instructions = total(/\binstructions\b/);
  const cacheMisses = total(/\bcache-misses\b/);
  return instructions === null || cacheMisses === null ? null : { instructions, cacheMisses };
}

/** A run of `perf stat` that counts from `start` to `stop`. */
export class PerfStat {
  readonly #process: ChildProcess;
  readonly #commands: Writable;
  readonly #answers: Readable;
  #said = '';

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#commands = process.stdio[3] as Writable;
    this.#answers = process.stdio[4] as Readable;
    // That it has ended is told by its end.
    this.#commands.on('error', () => undefined);
    process.stderr?.setEncoding('latin1').on('data', (text: string) => {
      this.#said += text;
    });
  }

  /** Attaches to all threads of the processes; resolves once they are counted. */
  static async start(pids: readonly number[]): Promise<PerfStat> {
    const child = spawn('perf', [...base, '-D', '-1', '-p', pids.join(',')], {
      env,
      stdio: [...pipes],
    });
    remember(child);
    const stat = new PerfStat(child);
    await stat.#tell('enable');
    return stat;
  }

  /** Ends it. @throws where nothing was counted */
  async stop(): Promise<HardwareCounts> {
    await this.#tell('disable');
    const closed = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGINT');
    await closed;
    const counts = readCounts(this.#said);
    if (counts === null) throw new Error(`perf stat counted nothing: ${this.#said}`);
    return counts;
  }

  /** Resolves once the command has been carried out. */
  #tell(command: 'enable' | 'disable'): Promise<void> {
    return new Promise((resolve, reject) => {
      const onClose = (): void => reject(new Error(`perf stat has ended: ${this.#said}`));
      this.#process.once('close', onClose);
      this.#answers.once('data', () => {
        this.#process.off('close', onClose);
        resolve();
      });
      this.#commands.write(`${command}\n`);
    });
  }
}
