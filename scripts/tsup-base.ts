import { readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { defineConfig, type Options } from 'tsup';

interface PackageBuild {
  /** Entry name (as in the exports map) → source file. */
  readonly entry: Readonly<Record<string, string>>;
  /** Command-line entries: ESM only, no declarations. */
  readonly commands?: Readonly<Record<string, string>>;
  /** Packages that are compiled in instead of being imported. */
  readonly bundle?: readonly string[];
  /** For sources that a build makes. */
  readonly plugins?: NonNullable<Options['esbuildPlugins']>;
  /** Check the version of Node before anything else is loaded. */
  readonly guardNodeVersion?: boolean;
}

/**
 * How every published package is built: ESM, CommonJS and declarations, with
 * code shared between entries kept in common chunks, so that a class imported
 * through two entries is one class.
 *
 * A guarded package is built under other names (`main`, `cli-main`), and its
 * entries are written here: tiny modules that first look at the version of
 * Node. Imports are hoisted and undici fails while it loads on an old Node, so
 * a check inside the bundle would come too late.
 */
export const packageConfig = ({
  entry,
  commands = {},
  bundle = [],
  plugins = [],
  guardNodeVersion = false,
}: PackageBuild): ReturnType<typeof defineConfig> => {
  const behindGuard = (entries: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(entries).map(([name, file]) => [guardNodeVersion ? inner(name) : name, file]),
    );
  const shared: Options = {
    platform: 'node',
    target: 'node22',
    splitting: true,
    sourcemap: true,
    silent: true,
    noExternal: [...bundle],
    esbuildPlugins: [...plugins],
    outExtension: ({ format }) => ({ js: format === 'cjs' ? '.cjs' : '.js' }),
  };
  // Here and not by `clean`, which would race between the configurations below.
  rmSync('dist', { recursive: true, force: true });
  return defineConfig([
    {
      ...shared,
      entry: { ...behindGuard(entry), ...behindGuard(commands) },
      format: 'esm',
      onSuccess: async () => {
        if (guardNodeVersion) await writeGuards(Object.keys(entry), Object.keys(commands));
      },
    },
    // `treeshake` has rollup turn the chunks into CommonJS. Left to itself tsup
    // does it with sucrase, which also rewrites `?.` and `??` into helper calls
    // and writes absolute paths into the source maps.
    { ...shared, entry: behindGuard(entry), format: 'cjs', treeshake: true },
    {
      ...shared,
      entry: { ...entry },
      format: ['esm', 'cjs'],
      dts: { only: true },
    },
  ]);
};

const inner = (name: string): string => (name === 'index' ? 'main' : `${name}-main`);

const writeGuards = async (
  entries: readonly string[],
  commands: readonly string[],
): Promise<void> => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    engines: { node: string };
  };
  const minimum = /^>=(\d+\.\d+\.\d+)$/.exec(engines.node)?.[1];
  if (minimum === undefined) throw new Error(`engines.node must read ">=x.y.z": ${engines.node}`);

  const write = (name: string, text: string): Promise<void> => writeFile(`dist/${name}`, text);
  await write('node-version.js', `${problemFunction(minimum)}\nexport { problem };\n`);
  await write(
    'node-version.cjs',
    `'use strict';\n${problemFunction(minimum)}\nexports.problem = problem;\n`,
  );
  // A module of its own: an import is evaluated before the body of its importer.
  await write('require-node.js', `import { problem } from './node-version.js';\n\n${throwProblem}`);
  for (const name of entries) {
    await write(
      `${name}.js`,
      `import './require-node.js';\nexport * from './${inner(name)}.js';\n`,
    );
    await write(
      `${name}.cjs`,
      `'use strict';\nconst { problem } = require('./node-version.cjs');\n\n${throwProblem}module.exports = require('./${inner(name)}.cjs');\n`,
    );
  }
  for (const name of commands) {
    await writeFile(
      `dist/${name}.js`,
      `#!/usr/bin/env node
import { problem } from './node-version.js';

const found = problem();
if (found === undefined) {
  await import('./${inner(name)}.js');
} else {
  console.error(found);
  process.exitCode = 1;
}
`,
      { mode: 0o755 },
    );
  }
};

/** Written so that every Node with ES modules can run it. */
const problemFunction = (minimum: string): string => `const minimum = '${minimum}';

/** Says what is wrong with the Node that runs this, if anything is. */
const problem = () => {
  const wanted = minimum.split('.').map(Number);
  const found = process.versions.node.split('.').map(Number);
  for (let i = 0; i < wanted.length; i++) {
    if (found[i] > wanted[i]) return undefined;
    if (found[i] < wanted[i])
      return \`ReverseIt needs Node.js >= \${minimum}; this is v\${process.versions.node}.\`;
  }
  return undefined;
};
`;

const throwProblem = `const found = problem();
if (found !== undefined) throw new Error(found);
`;
