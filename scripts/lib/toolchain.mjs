import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { capture, cleanEnvironment, Failure, isWindows, npm } from './process.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const toolchain = join(root, '.toolchain');

const toolNode = '24';
/** The oldest Node that ReverseIt runs on. */
export const minimum = '22.19.0';

/** @param {string} message */
export const say = (message) => {
  console.error(`• ${message}`);
};

/** What the packages run on and, narrower, the tools: even majors of today. */
export const canRunTools = (version = process.versions.node) => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return (
    (major === 22 && minor >= 19) ||
    (major === 24 && minor >= 11) ||
    (major >= 26 && major % 2 === 0)
  );
};

/** @template T @param {() => Promise<T>} action @returns {Promise<T>} */
export const alone = (action) =>
  withLock(join(toolchain, 'lock'), action, () => say('waiting for another run in this checkout'));

/**
 * A Node from the npm registry. The platform's own package is asked for, since
 * the `node` package only fetches it by an install script.
 *
 * @param {string} [major]
 * @returns {Promise<string>} the path of its executable
 */
export const ensureNode = async (major = toolNode) => {
  const platform = isWindows ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = `${prefix}-${platform}-${process.arch}`;
  const executable = join(name, 'bin', isWindows ? 'node.exe' : 'node');
  const folder = await ensureTool(
    `node-${major}`,
    [`${name}@${major}`],
    executable,
    `Node.js ${major}`,
    // Headers for native add-ons, a third of its size.
    (modules) => rm(join(modules, name, 'include'), { recursive: true, force: true }),
  );
  const path = join(folder, executable);
  const { code, output } = await capture(path, ['--version']).catch((error) => ({
    code: 1,
    output: String(error),
  }));
  if (code !== 0) {
    throw new Failure(
      `The Node.js ${major} of the npm registry does not run on this system (${output.trim()}).\n` +
        `Please install Node.js >= ${minimum} and try again.`,
    );
  }
  return path;
};

/** @returns {Promise<{ cli: string, bin: string }>} */
export const ensurePnpm = async () => {
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const version = /^pnpm@(\d+\.\d+\.\d+)/.exec(packageManager)?.[1];
  if (version === undefined) throw new Failure(`Not a version of pnpm: ${packageManager}`);
  const cli = join('pnpm', 'bin', 'pnpm.cjs');
  const folder = await ensureTool(`pnpm-${version}`, [`pnpm@${version}`], cli, `pnpm ${version}`);
  return { cli: join(folder, cli), bin: join(folder, '.bin') };
};

/**
 * Install packages from npm into their own folder of the toolchain. It is made
 * aside and moved into place whole, so an interrupted install leaves nothing.
 *
 * @param {string} name
 * @param {readonly string[]} specs
 * @param {string} proof a file that a complete install has
 * @param {string} title
 * @param {(modules: string) => Promise<void>} [finish]
 * @returns {Promise<string>} its node_modules
 */
export const ensureTool = async (name, specs, proof, title, finish) => {
  const place = join(toolchain, name);
  const modules = join(place, 'node_modules');
  if (existsSync(join(modules, proof))) return modules;
  return alone(async () => {
    if (existsSync(join(modules, proof))) return modules;
    say(`downloading ${title}`);
    await demandNpm();
    const aside = join(toolchain, `${name}.${process.pid}.tmp`);
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { recursive: true });
    try {
      // An own package.json, so that npm does not look for one further up.
      await writeFile(join(aside, 'package.json'), '{ "private": true }\n');
      const { code, output } = await npm(
        [
          'install',
          ...specs,
          '--no-package-lock',
          '--no-audit',
          '--no-fund',
          '--ignore-scripts',
          '--legacy-peer-deps',
          ...impatient,
          '--loglevel=error',
        ],
        { cwd: aside, env: cleanEnvironment(), timeoutMs: 300_000 },
      );
      if (code !== 0 || !existsSync(join(aside, 'node_modules', proof))) {
        throw new Failure(explainInstall(title, output));
      }
      await finish?.(join(aside, 'node_modules'));
      await rm(place, { recursive: true, force: true });
      await rename(aside, place);
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
    return modules;
  });
};

// By default npm tries for a minute before it says that there is no network.
export const impatient = [
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
];

const demandNpm = async () => {
  const { code, stdout } = await npm(['--version'], {
    cwd: toolchain,
    env: cleanEnvironment(),
  }).catch(() => ({ code: 1, stdout: '' }));
  const version = stdout.trim();
  if (code !== 0) throw new Failure('npm is needed and was not found.');
  if (Number(version.split('.')[0]) < 8) {
    throw new Failure(
      `npm >= 8 is needed; this is ${version}. "npm install -g npm" brings a newer one.`,
    );
  }
};

/** @param {string} title @param {string} output */
export const explainInstall = (title, output) => {
  const tail = output
    .trim()
    .split('\n')
    .filter(
      (line) => !/^npm error\s+(at |\}|\w+: )|^npm error$|complete log of this run/.test(line),
    )
    .slice(-12)
    .join('\n');
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|ECONNRESET/.test(
    output,
  )
    ? `${title} could not be downloaded: npm cannot reach its registry.\nThe first run needs a network; later ones do not.\n\n${tail}`
    : `${title} could not be installed:\n\n${tail}`;
};

/**
 * The environment in which pnpm, turbo and the tools of the workspace run.
 *
 * @param {{ bin: string }} pnpm
 */
export const toolEnvironment = ({ bin }) => ({
  ...cleanEnvironment(process.env, [
    dirname(process.execPath),
    bin,
    join(root, 'node_modules', '.bin'),
  ]),
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  // pnpm is here already in the version that is asked for.
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
});

/**
 * `pnpm install`, unless nothing it depends on has changed since the last time.
 *
 * @param {{ cli: string, bin: string }} pnpm
 */
export const ensureInstalled = async (pnpm) => {
  if (await isInstalled()) return;
  await alone(async () => {
    if (await isInstalled()) return;
    say('installing dependencies');
    await rm(stamp, { force: true });
    const { code, output } = await capture(
      process.execPath,
      [
        pnpm.cli,
        'install',
        '--frozen-lockfile',
        '--prefer-offline',
        ...impatient,
        '--config.confirm-modules-purge=false',
      ],
      { cwd: root, env: toolEnvironment(pnpm), timeoutMs: 600_000 },
    );
    if (code !== 0) throw new Failure(explainInstall('The dependencies', output));
    await writeFile(stamp, await installHash());
  });
};

const stamp = join(toolchain, 'installed');

/** Whether everything is installed, and nothing that it depends on has changed since. */
export const isInstalled = async () =>
  existsSync(join(root, 'node_modules', '.modules.yaml')) &&
  (await readFile(stamp, 'utf8').catch(() => '')) === (await installHash());

const installHash = async () => {
  const hash = createHash('sha256');
  hash.update(`${process.versions.node.split('.')[0]} ${process.platform} ${process.arch}\n`);
  for (const path of await installInputs()) {
    hash.update(`${path}\n`);
    hash.update(await readFile(join(root, path)));
  }
  return hash.digest('hex');
};

const installInputs = async () => {
  const packages = await readdir(join(root, 'packages'));
  const patches = await readdir(join(root, 'patches'));
  return [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    '.npmrc',
    ...packages.map((name) => `packages/${name}/package.json`),
    ...['test-servers', 'benchmarks', 'examples', 'test-frameworks'].map(
      (name) => `${name}/package.json`,
    ),
    ...patches.map((name) => `patches/${name}`),
  ].filter((path) => existsSync(join(root, path)));
};
