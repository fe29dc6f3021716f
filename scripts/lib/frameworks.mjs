// Frameworks that are too large to be installed with the workspace, for `npm run frameworks`.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, cleanEnvironment, Failure, npm } from './process.mjs';
import { alone, explainInstall, impatient, root, say, toolchain } from './toolchain.mjs';

const source = join(root, 'test-frameworks', 'heavy');

/**
 * A folder that has them, and the application of Next.js, built. It is made aside and moved into place
 * whole, once for each state of its source.
 *
 * @returns {Promise<string>}
 */
export const ensureFrameworks = async () => {
  const place = join(toolchain, `frameworks-${await sourceHash()}`);
  return alone(async () => {
    if (existsSync(place)) return place;
    say('fetching NestJS and Next.js, some 400 MB');
    const aside = `${place}.${process.pid}.tmp`;
    await rm(aside, { recursive: true, force: true });
    await cp(source, aside, { recursive: true });
    try {
      const env = { ...cleanEnvironment(), NEXT_TELEMETRY_DISABLED: '1' };
      const flags = ['--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
      const options = { cwd: aside, env, timeoutMs: 300_000 };
      const installed = await npm(['install', ...flags, ...impatient, '--loglevel=error'], options);
      if (installed.code !== 0) {
        throw new Failure(explainInstall('The frameworks', installed.output));
      }
      const next = join('node_modules', 'next', 'dist', 'bin', 'next');
      const built = await capture(process.execPath, [next, 'build'], options);
      if (built.code !== 0) throw new Failure(`The application of Next.js:\n\n${built.output}`);
      await rename(aside, place);
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
    return place;
  });
};

const sourceHash = async () => {
  const hash = createHash('sha256').update(`${process.version} ${process.platform}\n`);
  for (const path of await readdir(source, { recursive: true })) {
    if (/\.\w+$/.test(path)) hash.update(`${path}\n`).update(await readFile(join(source, path)));
  }
  return hash.digest('hex').slice(0, 12);
};
