/**
 * What workers are made of, read once for all of them. Data is handed over as it was read and checked. A module
 * may hold functions, so each worker imports it by itself; the first one checks it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { isPlainObject } from '@reverseit/core/options';
import { loadConfigFile } from '../config/config-file.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { resolveProxyOptions } from '../options/resolve-proxy-options.ts';
import type { WorkerSource } from './messages.ts';

/** @throws ConfigError `RIT_ERR_CONFIG` where the file cannot be read, or its data is invalid */
export async function loadSource(source: WorkerSource): Promise<WorkerSource> {
  const { config } = source;
  if (config !== null && extname(config) !== '.json') return source;
  const options = await loadConfiguration(source, (file) => loadConfigFile(file));
  resolveProxyOptions(options);
  return isPlainObject(options) ? { config: null, options } : source;
}

/** Of the module that workers import; of no other. Empty where there is none, or it cannot be read. */
export function versionOf({ config }: WorkerSource): string {
  if (config === null) return '';
  try {
    return createHash('sha256').update(readFileSync(config)).digest('base64');
  } catch {
    return '';
  }
}
