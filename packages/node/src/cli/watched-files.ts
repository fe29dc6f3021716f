/** The files that a configuration consists of. */
import { isPlainObject } from '@reverseit/core/options';
import type { Arguments } from './arguments.ts';
import type { StopWaiting } from './serve.ts';

type Watch = (file: string, onChange: (file: string) => void) => StopWaiting;

/** Watches the files that the configuration names now. */
export class FileWatch {
  readonly #watch: Watch;
  #files: readonly string[];
  /** Null while nobody waits. */
  #onChange: ((file: string) => void) | null = null;
  readonly #watched = new Map<string, StopWaiting>();

  constructor(watch: Watch, files: readonly string[]) {
    this.#watch = watch;
    this.#files = files;
  }

  start(onChange: (file: string) => void): StopWaiting {
    this.#onChange = onChange;
    this.update(this.#files);
    return () => {
      this.#onChange = null;
      for (const stop of this.#watched.values()) stop();
      this.#watched.clear();
    };
  }

  /** Other files from now on; one that stays is not looked at anew. */
  update(files: readonly string[]): void {
    this.#files = files;
    if (this.#onChange === null) return;
    for (const [file, stop] of this.#watched) {
      if (files.includes(file)) continue;
      stop();
      this.#watched.delete(file);
    }
    for (const file of files) {
      if (!this.#watched.has(file)) this.#watched.set(file, this.#watch(file, this.#onChange));
    }
  }
}

/** The configuration file, and every file of certificates or keys that it or a flag names. */
export function filesIn(
  { config, files }: Pick<Arguments, 'config' | 'files'>,
  input: unknown,
): readonly string[] {
  const all = new Set(config === null ? files : [config, ...files]);
  // Beside the groups stands what is written, `readyFile`: its change would be ours.
  if (isPlainObject(input)) for (const item of Object.values(input)) addCredentials(item, all);
  return [...all];
}

/** Options that name a file end in `File` and stand in a group: `tls` and its certificates, `pool.tls`, those of routes. */
function addCredentials(value: unknown, files: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) addCredentials(item, files);
  if (!isPlainObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (!key.endsWith('File')) addCredentials(item, files);
    else for (const name of [item].flat()) if (typeof name === 'string') files.add(name);
  }
}
