import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureTool, root } from './toolchain.mjs';

/**
 * What `npm start` needs of other people's packages, in a folder of its own: four small packages, in the
 * versions of the lockfile, instead of a whole install.
 *
 * @returns {Promise<string>}
 */
export const ensureStartDependencies = async () => {
  const lockfile = await readFile(join(root, 'pnpm-lock.yaml'), 'utf8');
  const specs = [
    `undici@${lockedVersion(lockfile, 'undici', 'packages/upstream')}`,
    `llhttp-wasm@${lockedVersion(lockfile, 'llhttp-wasm', 'packages/core')}`,
    `ws@${lockedVersion(lockfile, 'ws', 'test-servers')}`,
    `uplot@${lockedVersion(lockfile, 'uplot', 'packages/admin')}`,
  ];
  const hash = createHash('sha256').update(specs.join()).digest('hex').slice(0, 8);
  const proof = join('undici', 'package.json');
  return dirname(
    await ensureTool(
      `start-${hash}`,
      specs,
      proof,
      'undici, llhttp-wasm, ws and uplot',
      async (modules) => {
        // As pnpm applies it: the patch only adds lines, which may follow at the end.
        const patch = await readFile(join(root, 'patches', `${specs[1]}.patch`), 'utf8');
        const lines = patch.split('+++ b/out/index.js\n')[1]?.match(/^\+.*$/gm) ?? [];
        const added = lines.map((line) => `${line.slice(1)}\n`).join('');
        await appendFile(join(modules, 'llhttp-wasm', 'out', 'index.js'), `\n${added}`);
      },
    ),
  );
};

/** @param {string} lockfile @param {string} name @param {string} importer */
const lockedVersion = (lockfile, name, importer) => {
  const section = lockfile.split(`\n  ${importer}:\n`)[1]?.split(/\n {2}\S/)[0] ?? '';
  const version = section.split(`\n      ${name}:\n`)[1]?.match(/^ +version: ([\d.]+)/m)?.[1];
  if (version === undefined) throw new Error(`pnpm-lock.yaml has no ${name} in ${importer}`);
  return version;
};
