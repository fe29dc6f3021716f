/** The files that a configuration consists of. */
import { isPlainObject } from '@reverseit/core/options';
import type { Arguments } from './arguments.ts';

/** The configuration file, and every file of certificates or keys that it or a flag names. */
export function filesIn(
  { config, files }: Pick<Arguments, 'config' | 'files'>,
  input: unknown,
): readonly string[] {
  const all = new Set(config === null ? files : [config, ...files]);
  addCredentials(input, all);
  return [...all];
}

/** Options that name a file end in `File` and stand in a group: `tls`, `pool.tls`, those of routes. */
function addCredentials(value: unknown, files: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) addCredentials(item, files);
  if (!isPlainObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (!key.endsWith('File')) addCredentials(item, files);
    else for (const name of [item].flat()) if (typeof name === 'string') files.add(name);
  }
}
