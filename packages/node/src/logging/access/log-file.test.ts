import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, guarded } from '@reverseit/test-servers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file.ts';

let folder = '';
const open: LogFile[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reverseit-log-'));
});

afterEach(async () => {
  for (const file of open.splice(0)) await file.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(name: string, maxBuffered = 1_000_000) {
  const path = join(folder, name);
  const reports: string[] = [];
  const file = new LogFile({ path, maxBuffered, report: (message) => reports.push(message) });
  open.push(file);
  return { path, file, reports, read: () => readFileSync(path, 'utf8') };
}

/** A pipe that nobody reads until `read` is called; its other end is open. */
function startPipe(maxBuffered?: number) {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const reader = openSync(join(folder, 'pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  let text = '';
  const buffer = Buffer.alloc(65_536);
  const drain = (): string => {
    for (;;) {
      try {
        const length = readSync(reader, buffer);
        if (length === 0) return text;
        text += buffer.toString('latin1', 0, length);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        return text;
      }
    }
  };
  return { ...start('pipe', maxBuffered), drain, closeReader: () => closeSync(reader) };
}

const lines = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, nth) => `line ${from + nth} ${'x'.repeat(80)}`);

describe('a file', () => {
  it('gets lines whole and in order, together, and what is there stays', async () => {
    const { file, read } = start('a.log');
    const [first = '', ...more] = lines(10_000);
    file.write(first);
    await eventually(() => read() !== '', 'the first line');
    for (const line of more) file.write(line);
    await file.close();
    expect(read()).toBe(`${[first, ...more].join('\n')}\n`);
    const again = start('a.log');
    again.file.write('more');
    await again.file.close();
    expect(again.read().endsWith('\nmore\n')).toBe(true);
    expect(file.dropped).toBe(0);
  });

  it('cannot be opened: an error at once', () => {
    expect(() => start('missing/a.log')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  it('is opened again under its name, and no line is lost or torn', async () => {
    const { file, path, read, reports } = start('a.log');
    const all = lines(3000);
    for (const line of all.slice(0, 1000)) file.write(line);
    renameSync(path, `${path}.1`);
    await file.reopen();
    for (const line of all.slice(1000)) file.write(line);
    await file.close();
    const [rotated, present] = [readFileSync(`${path}.1`, 'utf8'), read()];
    expect(rotated + present).toBe(`${all.join('\n')}\n`);
    expect(present).toContain(all.at(-1));
    expect(reports).toEqual([]);
  });

  it('stays where it cannot be opened again, and says so', async () => {
    const { file, path, reports } = start('a.log');
    renameSync(path, `${path}.1`);
    mkdirSync(path);
    await file.reopen();
    file.write('kept');
    await file.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('kept\n');
    expect(reports).toEqual([expect.stringMatching(/^cannot reopen .*a\.log: EISDIR/)]);
  });

  it('takes no line after it is closed', async () => {
    const { file, read } = start('a.log');
    file.write('a');
    await file.close();
    await file.close();
    await file.reopen();
    file.write('b');
    expect([read(), file.dropped]).toEqual(['a\n', 1]);
  });
});

describe('a pipe', () => {
  it('that nobody reads: lines are kept up to the bound, then dropped and counted', async () => {
    const { file, drain, reports } = startPipe(200_000);
    const all = lines(10_000);
    for (const line of all.slice(0, 5000)) file.write(line);
    await eventually(() => file.dropped > 0, 'lines to be dropped');
    for (const line of all.slice(5000)) file.write(line);
    const { dropped } = file;
    expect(dropped).toBeGreaterThan(5000);
    // What was kept comes as it was, once somebody reads.
    const kept = all.length - dropped;
    await eventually(() => drain().split('\n').length > kept, 'what was kept');
    expect(drain()).toBe(`${all.slice(0, kept).join('\n')}\n`);
    file.write('afterwards');
    await eventually(() => drain().endsWith('afterwards\n'), 'the next line');
    await file.close();
    expect(reports[0]).toMatch(/^1 line was dropped: .* does not take them fast enough$/);
  });

  it('that nobody reads any more: EPIPE is counted, told and survived', async () => {
    const { file, closeReader, reports } = startPipe();
    file.write('a');
    file.write('b');
    closeReader();
    await eventually(() => file.dropped === 2, 'the lines to be lost');
    expect(reports[0]).toMatch(/^cannot write to .*pipe: EPIPE/);
    file.write('c');
    await file.close();
    expect(file.dropped).toBe(3);
  });

  it('without a reader cannot be opened, and nobody waits for one', () => {
    execFileSync('mkfifo', [join(folder, 'lonely')]);
    expect(() => start('lonely')).toThrow(expect.objectContaining({ code: 'ENXIO' }));
  });

  it('that stalls does not hold up the end', async () => {
    const { file } = startPipe();
    for (const line of lines(5000)) file.write(line);
    await guarded(file.close(), 'the end');
    expect(file.dropped).toBeGreaterThan(0);
  });
});

describe('a pipe that several processes write to', () => {
  it('gets every line whole, however slowly it is read', async () => {
    const { path, file, drain, closeReader } = startPipe(4_000_000);
    const other = new LogFile({ path, maxBuffered: 4_000_000, report: () => {} });
    open.push(other);
    const long = 'y'.repeat(3000);
    const wanted: string[] = [];
    for (let nth = 0; nth < 2000; nth++) {
      const text = `${nth} ${nth % 7 === 0 ? long : 'x'.repeat(90)}.`;
      for (const [name, one] of [
        ['a', file],
        ['b', other],
      ] as const) {
        one.write(`${name} ${text}`);
        wanted.push(`${name} ${text}`);
      }
    }
    const lines = (): string[] => drain().split('\n').slice(0, -1);
    await eventually(() => lines().length >= wanted.length, 'every line');
    const got = lines();
    expect(got.filter((line) => !/^[ab] \d+ (?:x{90}|y{3000})\.$/.test(line))).toEqual([]);
    expect(got.sort()).toEqual(wanted.sort());
    await Promise.all([file.close(), other.close()]);
    closeReader();
  });

  it('and a line that is longer than a pipe takes at once all the same', async () => {
    const { file, drain, closeReader } = startPipe(4_000_000);
    const long = ['z'.repeat(200_000), 'a', 'y'.repeat(5000), 'b'];
    for (const line of long) file.write(line);
    await eventually(() => drain().endsWith('b\n'), 'the last line');
    expect(drain().split('\n').slice(0, -1)).toEqual(long);
    await file.close();
    closeReader();
  });
});
