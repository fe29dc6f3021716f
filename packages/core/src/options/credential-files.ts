/** Keys and certificates that a configuration names by their files, read when it is. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../errors/reverseit-error.ts';
import { Faults, keyPath } from './faults.ts';
import type { OptionTable } from './option-schema.ts';
import { credentialFileKind, type FileInput } from './option-wire-kinds.ts';

type Given = Readonly<Record<string, unknown>>;

/** An object whose files have been read. */
export interface LoadedFiles {
  /** `key` in place of `keyFile`, and so on. */
  readonly given: Given;
  /** What each of them was read from, by the name that it has now. */
  readonly files: ReadonlyMap<string, string>;
}

/** Reads the files that the rows of a table stand for. A relative name begins at the working directory. */
export function loadFiles(
  rows: OptionTable,
  value: Given,
  parent: string,
  faults: Faults,
): LoadedFiles {
  const given: Record<string, unknown> = { ...value };
  const files = new Map<string, string>();
  for (const [name, row] of Object.entries(rows)) {
    if (row.kind !== credentialFileKind || !Object.hasOwn(given, name)) continue;
    const at = keyPath(parent, name);
    const path = row.read(given[name] ?? null, at, faults, null) as FileInput | null;
    delete given[name];
    if (path === null) continue;
    const target = name.slice(0, -'File'.length);
    if (given[target] !== undefined && given[target] !== null) {
      faults.add(at, `${target} is also given; use one of them`);
      continue;
    }
    given[target] = contentOf(path, at, faults);
    files.set(target, [path].flat().join(', '));
  }
  return { given, files };
}

function contentOf(path: FileInput, at: string, faults: Faults): Buffer | Buffer[] | undefined {
  try {
    return typeof path === 'string' ? bytesOf(path) : path.map(bytesOf);
  } catch (error) {
    // Node's message names the file.
    faults.add(at, `cannot read the file: ${messageOf(error)}`);
    return undefined;
  }
}

function bytesOf(path: string): Buffer {
  const bytes = readFileSync(path);
  // Somebody is about to write it.
  if (bytes.length === 0) throw new Error(`'${path}' is empty`);
  return bytes;
}

/** Reports faults of what was read under the option that names the file, with its name. */
export function checkLoaded(
  { files }: LoadedFiles,
  parent: string,
  faults: Faults,
  check: (faults: Faults) => void,
): void {
  const own = new Faults();
  check(own);
  for (const { key, message } of own.list) {
    const file = files.get(key.slice(parent.length + 1));
    const pair = key === parent ? pairIn(files) : null;
    if (pair !== null) faults.add(key, `${message}; read from ${pair}`);
    else if (file === undefined) faults.add(key, message);
    else faults.add(`${key}File`, `${file}: ${message}`);
  }
}

/** Where both halves come from files, either could be the wrong one. */
function pairIn(files: LoadedFiles['files']): string | null {
  const key = files.get('key');
  const cert = files.get('cert');
  return key === undefined || cert === undefined ? null : `${key} and ${cert}`;
}
