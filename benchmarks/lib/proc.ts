/** What Linux tells of a process in /proc. Elsewhere there is less to know. */
import { readdirSync, readFileSync } from 'node:fs';

/** In bytes. */
export interface Memory {
  readonly rss: number;
  /** The highest that `rss` has been. */
  readonly peak: number;
}

/** @throws where there is no /proc, or no such process */
export const processMemory = (pid: number | 'self'): Memory =>
  parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** Reads `/proc/PID/status`. */
export function parseStatus(text: string): Memory {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024;
  return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** CPU time in µs and memory of a process and its children. */
export function processTreeUsage(pid: number): Memory & { readonly cpu: number } {
  const total = { cpu: 0, ...processMemory(pid) };
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
    total.cpu += Number(nanoseconds) / 1000;
  }
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  for (const child of children === '' ? [] : children.split(' ')) {
    const { cpu, rss, peak } = processTreeUsage(Number(child));
    total.cpu += cpu;
    total.rss += rss;
    total.peak += peak;
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
