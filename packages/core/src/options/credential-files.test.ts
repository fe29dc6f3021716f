import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkLoaded, loadFiles } from './credential-files.ts';
import { Faults } from './faults.ts';
import { defineOptions } from './option-schema.ts';
import { credentialFile, pem } from './option-wire-kinds.ts';

const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const row = { group: 'Test', prose: 'A row.' };
const rows = defineOptions({ key: pem(row), keyFile: credentialFile(row) });

function read(given: Readonly<Record<string, unknown>>) {
  const faults = new Faults();
  const result = loadFiles(rows, given, 'tls', faults);
  return { ...result, faults: faults.list };
}

describe('loadFiles', () => {
  it('puts what a file holds in the place of its name', () => {
    const keyFile = file('a.pem', 'A');
    const { given, files, faults } = read({ keyFile, other: 1 });
    expect(given).toEqual({ key: Buffer.from('A'), other: 1 });
    expect([...files]).toEqual([['key', keyFile]]);
    expect(faults).toEqual([]);
  });

  it('takes several', () => {
    const keyFile = [file('a.pem', 'A'), file('b.pem', 'B')];
    const { given, files } = read({ keyFile });
    expect(given).toEqual({ key: [Buffer.from('A'), Buffer.from('B')] });
    expect([...files]).toEqual([['key', keyFile.join(', ')]]);
  });

  it.each([
    ['nothing', {}],
    ['undefined', { keyFile: undefined }],
    ['null', { keyFile: null }],
  ])('%s is none', (_, more) => {
    expect(read({ key: 'k', ...more })).toMatchObject({ given: { key: 'k' }, faults: [] });
  });

  it('names a file that cannot be read', () => {
    const keyFile = join(folder, 'missing.pem');
    expect(read({ keyFile }).faults).toEqual([
      {
        key: 'tls.keyFile',
        message: `cannot read the file: ENOENT: no such file or directory, open '${keyFile}'`,
      },
    ]);
    expect(read({ keyFile: folder }).faults).toEqual([
      { key: 'tls.keyFile', message: expect.stringContaining('EISDIR') },
    ]);
  });

  it('refuses two answers', () => {
    expect(read({ key: 'k', keyFile: file('a.pem', 'A') }).faults).toEqual([
      { key: 'tls.keyFile', message: 'key is also given; use one of them' },
    ]);
  });

  it.each(['', 5, [], [''], ['a\0b'], {}])('refuses %o', (keyFile) => {
    expect(read({ keyFile }).faults).toEqual([
      {
        key: 'tls.keyFile',
        message: expect.stringMatching(/ is not accepted; expected a file name, or an array/),
      },
    ]);
  });
});

it('checkLoaded reports what is wrong with the content under the name of its file', () => {
  const keyFile = file('a.pem', 'A');
  const faults = new Faults();
  checkLoaded(read({ keyFile }), 'tls', faults, (own) => {
    own.add('tls.key', 'is no key');
    own.add('tls.cert', 'is no certificate');
    own.add('tls', 'do not fit together');
  });
  expect(faults.list).toEqual([
    { key: 'tls.keyFile', message: `${keyFile}: is no key` },
    { key: 'tls.cert', message: 'is no certificate' },
    { key: 'tls', message: 'do not fit together' },
  ]);
});
