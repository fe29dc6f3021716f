/**
 * Reads a configuration file: JSON, in which environment variables are replaced, or an ES module whose default
 * export is the configuration.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createError } from '@reverseit/core/errors';
import { messageOf } from '@reverseit/core/internal';
import { type Environment, withEnvironment } from './environment.ts';

const require = createRequire(import.meta.url);

/**
 * A module is loaded again only under another name, and what was loaded before stays in memory, so `times`
 * says how often this process has loaded it. What it imports itself is not loaded again.
 * @throws ConfigError (`RIT_ERR_CONFIG`) that names the file.
 */
export async function loadConfigFile(
  file: string,
  times = 0,
  environment: Environment = process.env,
): Promise<unknown> {
  const path = resolve(file);
  try {
    if (extname(path) === '.json') {
      return withEnvironment(JSON.parse(withoutMark(await readFile(path, 'utf8'))), environment);
    }
    const url = pathToFileURL(path);
    if (times > 0) {
      url.search = `?reload=${times}`;
      // CommonJS goes by the path alone.
      delete require.cache[path];
    }
    const module: unknown = await import(url.href);
    if (typeof module === 'object' && module !== null && 'default' in module) return module.default;
  } catch (cause) {
    throw createError('RIT_ERR_CONFIG', `cannot load ${path}: ${messageOf(cause)}`, { cause });
  }
  throw createError('RIT_ERR_CONFIG', `${path} has no default export`);
}

/** Some editors put a byte order mark in front, which is no JSON (RFC 8259 §8.1). */
const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);
