import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureFrameworks } from './frameworks.mjs';
import { capture, cleanEnvironment, Failure, isWindows, run } from './process.mjs';
import { ensureStartDependencies } from './start-dependencies.mjs';
import {
  alone,
  canRunTools,
  ensureInstalled,
  ensureNode,
  ensurePnpm,
  isInstalled,
  root,
  say,
  toolEnvironment,
} from './toolchain.mjs';

const bootstrap = fileURLToPath(new URL('../bootstrap.mjs', import.meta.url));

/**
 * @typedef {object} Tools
 * @property {NodeJS.ProcessEnv} env
 * @property {(file: string, args: readonly string[], options?: RunOptions) => Promise<number>} node
 * @property {(name: string, args: readonly string[], options?: RunOptions) => Promise<number>} tool
 *
 * @typedef {{ env?: NodeJS.ProcessEnv, forwardInterrupt?: boolean, flags?: readonly string[] }} RunOptions
 * @typedef {(args: readonly string[], tools: Tools) => Promise<number>} Task
 */

/** @type {Readonly<Record<string, Task>>} */
const tasks = {
  install: async () => 0,

  build: async (args, tools) => build(args, tools),

  test: async (args, tools) => (await build([], tools)) || tools.tool('vitest', ['run', ...args]),

  /** The tests without a build: `node scripts/bootstrap.mjs vitest [filter…]`. */
  vitest: async (args, tools) => tools.tool('vitest', ['run', ...args]),

  /** The recipes of docs/frameworks.md for frameworks that are large: installs these, and tries them. */
  frameworks: async (args, tools) => {
    const env = { ...tools.env, REVERSEIT_FRAMEWORKS: await ensureFrameworks() };
    return tools.tool('vitest', ['run', 'test-frameworks/heavy', ...args], { env });
  },

  typecheck: async (args, tools) =>
    (await tools.tool('turbo', [
      'run',
      'typecheck',
      '--continue',
      '--output-logs=errors-only',
      ...args,
    ])) || tools.tool('tsc', ['-p', 'tsconfig.json']),

  lint: async (args, tools) =>
    (await tools.tool('biome', ['check', '--error-on-warnings', ...args])) ||
    (await tools.node('scripts/check-boundaries.mjs', ['--strict'])) ||
    (await tools.node('scripts/check-links.mjs', [])) ||
    (await tools.node('scripts/check-words.mjs', [])) ||
    (await tools.node('scripts/generate-docs.mjs', ['--check'])) ||
    (await tools.node('scripts/api-surface.mjs', ['--check'])) ||
    tools.tool('knip', ['--no-progress']),

  format: async (args, tools) => tools.tool('biome', ['check', '--write', ...args]),

  'check:boundaries': async (args, tools) => tools.node('scripts/check-boundaries.mjs', args),

  'check:packages': async (args, tools) =>
    (await build([], tools)) || tools.node('scripts/check-packages.mjs', args),

  /** Against a running `npm start`: `npm run examples -- [address]`. */
  examples: async (args, tools) =>
    (await build([], tools)) || tools.node('examples/run-all.mjs', args),

  'test-servers': async (args, tools) =>
    tools.node('test-servers/src/main.ts', args, { forwardInterrupt: true }),

  bench: async (args, tools) => (await build([], tools)) || tools.node('benchmarks/run.ts', args),

  /** Of the sources: much of what is measured is not exported. */
  'bench:micro': async (args, tools) =>
    tools.node('benchmarks/micro/run.ts', args, { flags: ['--conditions=@reverseit/source'] }),

  /** Simulated: nothing but the sources is needed. */
  'bench:balance': async (args, tools) =>
    tools.node('benchmarks/balance/run.ts', args, { flags: ['--conditions=@reverseit/source'] }),

  soak: async (args, tools) =>
    (await build([], tools)) || tools.node('benchmarks/memory/soak.ts', args),

  /** What one client can do to others: `npm run attacks -- --help`. */
  attacks: async (args, tools) =>
    (await build([], tools)) || tools.node('benchmarks/attacks/run.ts', args),

  /** The API reference, of the comments in the sources: docs/api. */
  docs: async (args, tools) => tools.tool('typedoc', args),

  /** Properties, with many more runs than in a test: `npm run fuzz -- [--minutes N] [filter…]`. */
  fuzz: async (args, tools) => tools.node('scripts/fuzz.mjs', args),
};

/**
 * @param {string | undefined} name
 * @param {readonly string[]} args
 */
export const main = async (name, args) => {
  try {
    process.exitCode = await perform(name, args);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = error.exitCode;
  }
};

/**
 * @param {string | undefined} name
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
const perform = async (name, args) => {
  const task = Object.hasOwn(tasks, name ?? '') ? tasks[name ?? ''] : undefined;
  if (task === undefined && name !== 'start') {
    const names = ['start', ...Object.keys(tasks)].join(', ');
    throw new Failure(`unknown task ${name ?? '(none)'}; expected one of ${names}`, 2);
  }
  if (!canRunTools()) return performOnOtherNode([/** @type {string} */ (name), ...args]);
  if (name === 'start') return start(args);
  const pnpm = await ensurePnpm();
  await ensureInstalled(pnpm);
  return /** @type {Task} */ (task)(args, toolsOf(pnpm));
};

/**
 * The demo runs from source, and needs neither a build nor the development dependencies.
 *
 * @param {readonly string[]} args
 */
const start = async (args) => {
  const env = cleanEnvironment();
  const flags = ['--disable-warning=ExperimentalWarning', '--conditions=@reverseit/source'];
  if (!(await isInstalled())) {
    env.REVERSEIT_DEPENDENCIES = await ensureStartDependencies();
    flags.push(`--import=${new URL('./from-source.mjs', import.meta.url)}`);
  }
  return run(process.execPath, [...flags, 'scripts/start.mjs', ...args], {
    cwd: root,
    env,
    forwardInterrupt: true,
  });
};

/** @param {readonly string[]} args */
const performOnOtherNode = async (args) => {
  if (process.env.REVERSEIT_BOOTSTRAP !== undefined) {
    throw new Failure(`Node.js ${process.version} is not one the tools run on.`);
  }
  const node = await ensureNode();
  return run(node, [bootstrap, ...args], {
    env: {
      ...cleanEnvironment(process.env, [dirname(node)]),
      // The outer npm is still the one to call.
      ...(process.env.npm_execpath === undefined ? {} : { npm_execpath: process.env.npm_execpath }),
      REVERSEIT_BOOTSTRAP: '1',
    },
    forwardInterrupt: args[0] === 'start' || args[0] === 'test-servers',
  });
};

/** @param {{ cli: string, bin: string }} pnpm @returns {Tools} */
const toolsOf = (pnpm) => {
  const env = toolEnvironment(pnpm);
  return {
    env,
    node: async (file, args, { flags = [], ...options } = {}) => {
      if (!existsSync(join(root, file))) throw new Failure(`There is no ${file} yet.`);
      // Node 22 strips types too, but says at each start that this is new.
      const all = ['--disable-warning=ExperimentalWarning', ...flags, file, ...args];
      return run(process.execPath, all, { cwd: root, env, ...options });
    },
    tool: async (name, args, options) =>
      run(name, args, { cwd: root, env, shell: isWindows, ...options }),
  };
};

/** @param {readonly string[]} args @param {Tools} tools */
const build = async (args, { env }) =>
  alone(async () => {
    const started = Date.now();
    const { code, output } = await capture(
      'turbo',
      ['run', 'build', '--output-logs=errors-only', ...args],
      {
        cwd: root,
        env,
        shell: isWindows,
        timeoutMs: 600_000,
      },
    );
    if (code === 0) say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    else console.error(output);
    return code;
  });
