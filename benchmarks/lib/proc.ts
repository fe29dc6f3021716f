/** What Linux tells of a process in /proc. Elsewhere there is less to know. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** In bytes. */
export interface Memory {
  readonly rss: number;
  /** The highest that `rss` has been. */
  readonly peak: number;
}

/** Context switches: because it waited for something, and because another was to run. */
export interface Switches {
  readonly voluntary: number;
  readonly involuntary: number;
}

export const hasProc = existsSync('/proc/self/status');

/** @throws where there is no /proc, or no such process */
export const processMemory = (pid: number | 'self'): Memory =>
  parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** Reads `/proc/PID/status`. */
export function parseStatus(text: string): Memory {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024;
  return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** Reads `/proc/PID/task/TID/status`. */
export function parseSwitches(text: string): Switches {
  const count = (name: string): number =>
    Number(new RegExp(`^${name}_ctxt_switches:\\s*(\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { voluntary: count('voluntary'), involuntary: count('nonvoluntary') };
}

/** A process and all below it. */
export function processTree(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [
    pid,
    ...(children === '' ? [] : children.split(' ')).flatMap((child) => processTree(Number(child))),
  ];
}

const threadFiles = (pid: number, name: string): readonly string[] =>
  readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/${name}`, 'utf8'),
  );

/** CPU time in µs and memory of a process and its children. */
export function processTreeUsage(pid: number): Memory & { readonly cpu: number } {
  const total = { cpu: 0, rss: 0, peak: 0 };
  for (const one of processTree(pid)) {
    const { rss, peak } = processMemory(one);
    total.rss += rss;
    total.peak += peak;
    for (const text of threadFiles(one, 'schedstat')) {
      const [nanoseconds] = text.split(' ');
      total.cpu += Number(nanoseconds) / 1000;
    }
  }
  return total;
}

/** Of all threads of these processes, since each began. */
export function contextSwitches(pids: readonly number[]): Switches {
  const total = { voluntary: 0, involuntary: 0 };
  for (const text of pids.flatMap((pid) => threadFiles(pid, 'status'))) {
    const { voluntary, involuntary } = parseSwitches(text);
    total.voluntary += voluntary;
    total.involuntary += involuntary;
  }
  return total;
}

/** The cores that this process may use; empty where that is not known. */
export function allowedCores(): readonly number[] {
  try {
    const text = readFileSync('/proc/self/status', 'utf8');
    return parseCoreList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(text)?.[1] ?? '');
  } catch {
    return [];
  }
}

/** Reads a list such as `0-2,5`. */
export const parseCoreList = (text: string): readonly number[] =>
  (text === '' ? [] : text.split(',')).flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
