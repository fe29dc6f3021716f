/** What was measured, with what and on what. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { externalVersions } from './external.ts';

export const machine = (): string =>
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB`;

export const system = (): string => `${type()} ${release()}`;

/** Of the packages that the manifest of this folder names, and of what else is installed. */
export function versions(): Record<string, string> {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { devDependencies = {} } = JSON.parse(text) as { devDependencies?: Record<string, string> };
  const packages = Object.entries(devDependencies).filter(
    ([name]) => !/^@(types|reverseit)\//.test(name) && name !== 'mitata',
  );
  return { node: process.versions.node, ...externalVersions(), ...Object.fromEntries(packages) };
}

/** The commit that is checked out, `-dirty` where files differ from it; null where that cannot be told. */
export function commit(): string | null {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    encoding: 'utf8',
    cwd: new URL('.', import.meta.url),
  });
  return status === 0 ? stdout.trim() : null;
}
