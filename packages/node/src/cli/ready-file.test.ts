import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReadyFile, ReadyServed } from './ready-file.ts';
import type { Served } from './serve.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reverseit-ready-'));
  path = join(folder, 'ready');
});
afterEach(() => rmSync(folder, { recursive: true }));

const facts = { addresses: [{ host: '127.0.0.1', port: 4000 }], admin: null };
const read = (): unknown => JSON.parse(readFileSync(path, 'utf8'));
/** Above the greatest that Linux gives. */
const nobody = 2 ** 22 + 1;

const refused = (reason: RegExp): unknown =>
  expect.objectContaining({
    code: 'RIT_ERR_CONFIG',
    message: expect.stringMatching(
      new RegExp(`^invalid option readyFile: cannot write .*${reason.source}`),
    ),
  });

describe('ReadyFile', () => {
  it('is there from write to remove, and nothing else is', () => {
    const file = new ReadyFile(path, 7);
    file.prepare();
    expect(readdirSync(folder)).toEqual([]);
    file.write(facts);
    expect(readdirSync(folder)).toEqual(['ready']);
    expect(read()).toEqual({ pid: 7, ...facts });
    file.remove();
    file.remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['of a process that has gone', `{"pid":${nobody}}`, []],
    ['of an earlier process of the same number', `{"pid":7}`, []],
    ['of one that runs', `{"pid":${process.pid}}`, ['ready']],
    ['that is none of ours', 'hello', ['ready']],
    ['with a pid of nobody', '{"pid":-1}', ['ready']],
  ])('a file %s is removed or left at start', (_, text, left) => {
    writeFileSync(path, text);
    new ReadyFile(path, 7).prepare();
    expect(readdirSync(folder)).toEqual(left);
  });

  it('is not written through a link that somebody has left beside it', () => {
    const other = join(folder, 'other');
    writeFileSync(other, 'kept');
    const file = new ReadyFile(path, 7);
    for (const step of [() => file.prepare(), () => file.write(facts)]) {
      symlinkSync(other, `${path}.7.tmp`);
      step();
    }
    expect(readFileSync(other, 'utf8')).toBe('kept');
    expect(readdirSync(folder)).toEqual(['other', 'ready']);
    expect(read()).toEqual({ pid: 7, ...facts });
  });

  it('leaves the file of a process that has taken over', () => {
    const former = new ReadyFile(path, 7);
    former.write(facts);
    new ReadyFile(path, 8).write(facts);
    former.remove();
    expect(read()).toMatchObject({ pid: 8 });
  });

  it('refuses a folder that is not there, and a folder', () => {
    expect(() => new ReadyFile(join(folder, 'none', 'ready')).prepare()).toThrow(refused(/ENOENT/));
    mkdirSync(path);
    expect(() => new ReadyFile(path).prepare()).toThrow(refused(/it is a directory/));
    expect(() => new ReadyFile(path).write(facts)).toThrow(refused(/EISDIR|ENOTEMPTY|EEXIST/));
    expect(readdirSync(folder)).toEqual(['ready']);
  });
});

describe('ReadyServed', () => {
  const calls: string[] = [];
  const admin = { host: '::1', port: 4001 };
  const served: Served = {
    listen: async () => {
      calls.push('listen');
      return facts.addresses;
    },
    close: async (how) => {
      calls.push(`close ${how?.timeout}`);
    },
    reload: async () => void calls.push('reload'),
    reopenLogs: async () => void calls.push('reopen'),
    adminAddress: () => admin,
    reloadTexts: { begun: 'b', done: 'd', failed: 'f', kept: 'k' },
  };
  beforeEach(() => {
    calls.length = 0;
  });

  it('writes when it listens, removes when it begins to close, and hands the rest on', async () => {
    const ready = new ReadyServed(served, new ReadyFile(path, 7));
    expect(await ready.listen()).toBe(facts.addresses);
    expect(read()).toEqual({ pid: 7, addresses: facts.addresses, admin });
    await ready.reload();
    await ready.reopenLogs();
    expect(ready.reloadTexts).toBe(served.reloadTexts);
    const closed = ready.close({ timeout: 5 });
    expect(readdirSync(folder)).toEqual([]);
    await closed;
    expect(calls).toEqual(['listen', 'reload', 'reopen', 'close 5']);
  });

  it('listens only where the file can be written', async () => {
    const ready = new ReadyServed(served, new ReadyFile(join(folder, 'none', 'ready')));
    await expect(ready.listen()).rejects.toEqual(refused(/ENOENT/));
    expect(calls).toEqual([]);
  });

  it('closes where the file cannot be written any more', async () => {
    const file = new ReadyFile(path);
    const fail = (): void => file.write({ addresses: [], admin: null });
    mkdirSync(path);
    const ready = new ReadyServed(served, {
      prepare: () => undefined,
      write: fail,
      remove: () => undefined,
    });
    await expect(ready.listen()).rejects.toEqual(refused(/EISDIR|ENOTEMPTY|EEXIST/));
    expect(calls).toEqual(['listen', 'close 0']);
  });

  it('writes nothing once it was told to close', async () => {
    const ready = new ReadyServed(served, new ReadyFile(path));
    const listening = ready.listen();
    await ready.close();
    await listening;
    expect(readdirSync(folder)).toEqual([]);
  });
});
