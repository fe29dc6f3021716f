/** The files that a configuration consists of. */
import { isPlainObject } from '@reverseit/core/options';
import type { Arguments } from './arguments.ts';
import type { StopWaiting } from './serve.ts';

/** What watching needs. */
export interface WatchHost {
  /** Something that changes with the file, also where it is missing. */
  stampOf(file: string): Promise<string>;
  /** Calls back again and again. */
  every(ms: number, callback: () => void): StopWaiting;
}

/** How often files are looked at, in ms. */
const interval = 500;

/** A change is reported once so many looks in a row have found no other one: within 1 to 1.5 s. */
const quietLooks = 2;

/** It is reported after so many looks at the latest, even if something changes at each of them. */
const maxLooks = 8;

/**
 * Watches the files that the configuration names now. Files that belong together, such as a key and its certificate,
 * are written one after another: a change is reported once no other one follows.
 *
 * By polling: what replaces a file, or what a link leads to, is seen by no event.
 */
export class FileWatch {
  readonly #host: WatchHost;
  #stamps = new Map<string, string>();
  /** What has changed and is not reported yet. */
  readonly #changed = new Set<string>();
  /** Looks since the first of these changes, and since the last. */
  #looks = 0;
  #quiet = 0;
  #looking = false;
  /** Null while nobody waits. */
  #onChange: ((files: string) => void) | null = null;

  constructor(host: WatchHost) {
    this.#host = host;
  }

  /** Calls back with the names of files that have changed. */
  start(onChange: (files: string) => void): StopWaiting {
    if (this.#stamps.size === 0) return () => undefined;
    this.#onChange = onChange;
    const stop = this.#host.every(interval, () => void this.#look());
    return () => {
      this.#onChange = null;
      stop();
    };
  }

  /** Other files from now on; one that stays is not looked at anew. */
  async update(files: readonly string[]): Promise<void> {
    const fresh = await this.#stampsOf(files.filter((file) => !this.#stamps.has(file)));
    const known = this.#stamps;
    this.#stamps = new Map(files.map((file) => [file, known.get(file) ?? fresh.get(file) ?? '']));
  }

  async #look(): Promise<void> {
    // A file system may take its time.
    if (this.#looking) return;
    this.#looking = true;
    const former = this.#stamps;
    const stamps = await this.#stampsOf([...former.keys()]);
    this.#looking = false;
    // Others meanwhile: the next look finds what has changed.
    if (this.#stamps !== former) return;
    this.#quiet = this.#compare(stamps) ? 0 : this.#quiet + 1;
    if (this.#changed.size === 0) return;
    this.#looks++;
    if (this.#quiet < quietLooks && this.#looks < maxLooks) return;
    const files = [...this.#changed].join(', ');
    this.#changed.clear();
    this.#looks = 0;
    this.#onChange?.(files);
  }

  /** Whether any has changed. */
  #compare(stamps: ReadonlyMap<string, string>): boolean {
    let isOther = false;
    for (const [file, stamp] of stamps) {
      if (this.#stamps.get(file) === stamp) continue;
      this.#stamps.set(file, stamp);
      this.#changed.add(file);
      isOther = true;
    }
    return isOther;
  }

  async #stampsOf(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const pairs = files.map(async (file) => [file, await this.#host.stampOf(file)] as const);
    return new Map(await Promise.all(pairs));
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
