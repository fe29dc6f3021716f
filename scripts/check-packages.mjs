// The packages as their users get them: packed, installed from the tarballs in
// an empty project, and used on every supported Node.
//
//   node scripts/check-packages.mjs [--node=22,24] [--out=folder] [--keep]
//
// With --out the tarballs are left there if all is in order, to be published.
// Expects a build. Source and the `@reverseit/source` condition play no part.

import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';
import { capture, cleanEnvironment, npm } from './lib/process.mjs';
import { ensureNode, ensurePnpm, minimum, root, toolEnvironment } from './lib/toolchain.mjs';

const names = /** @type {const} */ (['core', 'upstream', 'admin', 'node']);
/** The oldest that is supported, and the newest of each later line. */
const supported = [minimum, '24', '26'];
const tooOld = '20';
const guarded = ['@reverseit/upstream', '@reverseit/node'];

const alwaysPacked = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
/** @type {Readonly<Record<string, readonly string[]>>} */
const alsoPacked = {
  core: ['THIRD_PARTY_LICENSES'],
  admin: ['THIRD_PARTY_LICENSES'],
  node: ['schema.json'],
};

const options = process.argv.slice(2);
const chosen = options.find((option) => option.startsWith('--node='));
const out = options.find((option) => option.startsWith('--out='))?.slice('--out='.length);
const majors = chosen === undefined ? supported : chosen.slice('--node='.length).split(',');

let failures = 0;

/**
 * @param {string} title
 * @param {() => Promise<readonly string[]>} findFaults
 */
const check = async (title, findFaults) => {
  const faults = await findFaults().catch((error) => [String(error?.stack ?? error)]);
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAILED'}  ${title}`);
  for (const fault of faults) console.log(fault.replace(/^/gm, '        '));
  if (faults.length > 0) failures += 1;
};

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof capture>[2]} [settings]
 */
const faultsOf = async (command, args, settings) => {
  const { code, output } = await capture(command, args, { timeoutMs: 240_000, ...settings });
  return code === 0 ? [] : [output.trim() || `${command} ended with ${code}`];
};

/** @param {string} folder @returns {Promise<string[]>} */
const filesIn = async (folder) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();

const pnpm = await ensurePnpm();
const tools = toolEnvironment(pnpm);
const work = await mkdtemp(join(tmpdir(), 'reverseit-packages-'));

/** @param {string} name */
const pack = async (name) => {
  const { code, output } = await capture(
    process.execPath,
    [pnpm.cli, 'pack', '--pack-destination', work],
    { cwd: join(root, 'packages', name), env: tools },
  );
  if (code !== 0) throw new Error(output);
  const { version } = JSON.parse(
    await readFile(join(root, 'packages', name, 'package.json'), 'utf8'),
  );
  return join(work, `reverseit-${name}-${version}.tgz`);
};

/**
 * What is in a tarball, and what must not be.
 *
 * @param {string} name
 * @param {string} tarball
 */
const checkContents = async (name, tarball) => {
  const folder = join(work, 'unpacked', name);
  await mkdir(folder, { recursive: true });
  const unpacking = await faultsOf('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  if (unpacking.length > 0) return unpacking;

  const files = await filesIn(folder);
  const faults = [...faultsOfList(name, files), ...(await faultsOfManifest(name, folder, files))];
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8');
    faults.push(...faultsOfText(file, text), ...faultsOfMap(file, text));
  }
  return faults;
};

/** @param {string} name @param {readonly string[]} files */
const faultsOfList = (name, files) => {
  const expected = [...alwaysPacked, ...(alsoPacked[name] ?? [])];
  const isExpected = (/** @type {string} */ file) =>
    (file.startsWith('dist/') && !/\.test\.|tsbuildinfo/.test(file)) || expected.includes(file);
  return [
    ...expected.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files.filter((file) => !isExpected(file)).map((file) => `${file} is too much`),
  ];
};

/** @param {string} name @param {string} folder @param {readonly string[]} files */
const faultsOfManifest = async (name, folder, files) => {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8');
  const faults = [...new Set(manifest.match(/\.\/dist\/[^"]+/g))]
    .filter((target) => !files.includes(target.slice(2)))
    .map((target) => `package.json names ${target}, which is not there`);
  if (manifest.includes('workspace:')) faults.push('package.json still says "workspace:"');
  if (manifest.includes('@reverseit/source')) faults.push('package.json still leads to source');
  if (name === 'core' && JSON.parse(manifest).dependencies !== undefined) {
    faults.push('core has runtime dependencies');
  }
  return faults;
};

const machinePaths = [root.replace(/\/$/, ''), homedir(), tmpdir()].filter(
  (path) => path.length > 1,
);

/** @param {string} file @param {string} text */
const faultsOfText = (file, text) =>
  machinePaths
    .filter((path) => text.includes(`${path}/`))
    .map((path) => `${file} tells a path of the machine it was built on: ${path}`);

/** @param {string} file @param {string} text */
const faultsOfMap = (file, text) =>
  file.endsWith('.map')
    ? JSON.parse(text)
        .sources.filter(
          (/** @type {string} */ source) => !/^\.\.\/(\.\.\/\.\.\/node_modules|src)\//.test(source),
        )
        .map((/** @type {string} */ source) => `${file}: strange source ${source}`)
    : [];

/** The entries of the installed packages, as a user names them. @param {string} project */
const entriesOf = async (project) => {
  const entries = [];
  for (const name of names) {
    const path = join(project, 'node_modules', '@reverseit', name, 'package.json');
    const { exports } = JSON.parse(await readFile(path, 'utf8'));
    for (const key of Object.keys(exports)) {
      // package.json and the schema are no code.
      if (!key.endsWith('.json')) entries.push(`@reverseit/${name}${key.slice(1)}`);
    }
  }
  return entries;
};

const project = join(work, 'project');

/** @param {readonly string[]} tarballs */
const installTarballs = async (tarballs) => {
  await mkdir(project, { recursive: true });
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  await writeFile(join(project, 'package.json'), '{ "name": "user", "private": true }\n');
  const { code, output } = await npm(
    [
      'install',
      ...tarballs,
      `@types/node@${devDependencies['@types/node']}`,
      '--no-audit',
      '--no-fund',
    ],
    { cwd: project, env: cleanEnvironment(), timeoutMs: 240_000 },
  );
  return code === 0 ? [] : [output];
};

/**
 * Loads every entry both ways, and compares: the same names from both formats,
 * and no class, function or table compiled into two entries.
 */
const loader = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const entries = JSON.parse(process.argv[2]);
const faults = [];
const isCopy = (a, b) => a !== b && typeof a === typeof b && String(a) === String(b);
for (const load of [(entry) => import(entry), async (entry) => require(entry)]) {
  const seen = new Map();
  for (const entry of entries) {
    for (const [name, value] of Object.entries(await load(entry))) {
      if (name === 'default' || name === '__esModule' || name === 'module.exports') continue;
      const owner = entry.split('/').slice(0, 2).join('/');
      const key = owner + ' ' + name;
      if (seen.has(key) && isCopy(seen.get(key), value)) faults.push(key + ' is there twice');
      seen.set(key, value);
    }
  }
}
for (const entry of entries) {
  const names = (exports) =>
    Object.keys(exports).filter((name) => !['default', '__esModule', 'module.exports'].includes(name)).sort().join();
  const esm = names(await import(entry));
  const cjs = names(require(entry));
  if (esm !== cjs) faults.push(entry + ': ESM has ' + esm + ', CommonJS ' + cjs);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
`;

/** What a user may write, and what the compiler must object to. */
const userOfTypes = `
import { createHandler, createServer, defineConfig } from '@reverseit/node';
import { createPool } from '@reverseit/upstream';

export const config = defineConfig({
  pool: { poolSize: 10 },
  routes: [
    { path: '/api', backend: 'http://127.0.0.1:8080', stripPath: '/api' },
    { path: '/', respond: () => ({ status: 404, body: 'nothing here' }) },
  ],
  onRequest({ headers }, context) {
    headers.set('x-client', context.remoteAddress);
  },
});
createServer(config);

// @ts-expect-error an option that there is not
createServer({ backend: 'http://127.0.0.1:8080', poolSize: 10 });
// @ts-expect-error a number of milliseconds
createServer({ backend: 'http://127.0.0.1:8080', requestHeaderTimeout: '10s' });
// @ts-expect-error a word that there is not
createServer({ backend: 'http://127.0.0.1:8080', forwardedHeaders: 'some' });
// @ts-expect-error an option that there is not, inside a group
createServer({ backend: 'http://127.0.0.1:8080', pool: { size: 10 } });
// @ts-expect-error an option that there is not, inside a route
createServer({ routes: [{ path: '/', backend: 'http://127.0.0.1:8080', strip: '/' }] });
// @ts-expect-error a middleware listens nowhere
createHandler({ backend: 'http://127.0.0.1:8080', listen: { port: 4000 } });
// @ts-expect-error an option of a pool that there is not
createPool({ size: 10 });
`;

/**
 * What an editor shows a user who writes options: names, each with a description.
 *
 * @param {string} file
 * @param {ts.CompilerOptions} options
 */
const checkCompletion = async (file, options) => {
  const opening = 'createServer({ ';
  const text = `import { createServer } from '@reverseit/node';\n${opening}});\n`;
  const service = ts.createLanguageService({
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const content = path === file ? text : ts.sys.readFile(path);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => project,
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
  });
  const position = text.indexOf(opening) + opening.length;
  const entries = service.getCompletionsAtPosition(file, position, {})?.entries ?? [];
  return ['backend', 'routes', 'pool', 'requestHeaderTimeout', 'onRequest'].flatMap((name) => {
    if (!entries.some((entry) => entry.name === name)) return [`${name} is not offered`];
    const details = service.getCompletionEntryDetails(
      file,
      position,
      name,
      {},
      undefined,
      {},
      undefined,
    );
    return details?.documentation?.length ? [] : [`${name} is offered without a description`];
  });
};

/** @param {readonly string[]} entries */
const checkTypes = async (entries) => {
  const names = entries.map((_, index) => `entry${index}`);
  const uses = `${names.map((name) => `typeof ${name}`).join(' | ')}`;
  const esm = entries
    .map((entry, index) => `import * as ${names[index]} from '${entry}';`)
    .join('\n');
  const cjs = entries
    .map((entry, index) => `import ${names[index]} = require('${entry}');`)
    .join('\n');
  const tail = `\nexport type All = ${uses};\n`;
  await writeFile(join(project, 'esm.mts'), esm + tail);
  await writeFile(join(project, 'cjs.cts'), cjs + tail);
  await writeFile(join(project, 'bundled.ts'), esm + tail);
  // The same source is an ES module in one case and a CommonJS one in the other.
  for (const file of ['user.mts', 'user.cts', 'user.ts']) {
    await writeFile(join(project, file), userOfTypes);
  }
  const strict = {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    target: 'ES2023',
    lib: ['ES2023'],
    types: ['node'],
  };
  const settings = {
    node16: {
      compilerOptions: { ...strict, module: 'Node16', moduleResolution: 'Node16' },
      files: ['esm.mts', 'cjs.cts', 'user.mts', 'user.cts'],
    },
    bundler: {
      compilerOptions: { ...strict, module: 'ESNext', moduleResolution: 'Bundler' },
      files: ['bundled.ts', 'user.ts'],
    },
  };
  for (const [resolution, tsconfig] of Object.entries(settings)) {
    const file = join(project, `tsconfig.${resolution}.json`);
    await writeFile(file, JSON.stringify(tsconfig));
    await check(`types compile, wrong options do not, moduleResolution ${resolution}`, () =>
      faultsOf('tsc', ['-p', file], { cwd: project, env: tools }),
    );
    const { options } = ts.convertCompilerOptionsFromJson(tsconfig.compilerOptions, project);
    await check(`an editor describes options, moduleResolution ${resolution}`, () =>
      checkCompletion(join(project, 'completed.mts'), options),
    );
  }
};

const cliIsWritten =
  (await readFile(join(root, 'packages/node/src/cli.ts'), 'utf8')).trim() !== 'export {};';

/** @param {string} major @param {readonly string[]} entries */
const checkOnNode = async (major, entries) => {
  const node = await ensureNode(major);
  const { stdout } = await capture(node, ['--version']);
  const env = cleanEnvironment(process.env, [dirname(node)]);
  const script = join(project, 'load.mjs');
  await writeFile(script, loader);
  await check(`import and require of ${entries.length} entries on Node ${stdout.trim()}`, () =>
    faultsOf(node, [script, JSON.stringify(entries)], { cwd: project, env }),
  );
  if (!cliIsWritten) return;
  await check(`npx reverseit --version on Node ${stdout.trim()}`, async () => {
    const { version } = JSON.parse(
      await readFile(join(root, 'packages/node/package.json'), 'utf8'),
    );
    const printed = await capture('npx', ['--no-install', 'reverseit', '--version'], {
      cwd: project,
      env,
      timeoutMs: 60_000,
    });
    return printed.code === 0 &&
      printed.stdout.trim().split(/\s+/).at(-1)?.replace(/^v/, '') === version
      ? []
      : [`expected ${version}, got (${printed.code}): ${printed.output}`];
  });
};

const checkTooOld = async () => {
  const node = await ensureNode(tooOld);
  const { stdout } = await capture(node, ['--version']);
  const found = stdout.trim();
  const { engines } = JSON.parse(await readFile(join(root, 'packages/node/package.json'), 'utf8'));
  const message = `ReverseIt needs Node.js ${engines.node.replace('>=', '>= ')}; this is ${found}.`;
  const env = cleanEnvironment(process.env, [dirname(node)]);

  /** @param {readonly string[]} args */
  const refusal = async (args) => {
    const { code, output } = await capture(node, args, { cwd: project, env, timeoutMs: 60_000 });
    return code !== 0 && output.includes(message) ? [] : [`(${code}) ${output}`];
  };
  for (const name of guarded) {
    await check(`import '${name}' on Node ${found} says what it needs`, () =>
      refusal(['--input-type=module', '-e', `import '${name}'`]),
    );
    await check(`require('${name}') on Node ${found} says what it needs`, () =>
      refusal(['-e', `require('${name}')`]),
    );
  }
  await check(`reverseit on Node ${found} says what it needs, and nothing else`, async () => {
    const cli = join(project, 'node_modules/@reverseit/node/dist/cli.js');
    const { code, output } = await capture(node, [cli, '--version'], {
      cwd: project,
      env,
      timeoutMs: 60_000,
    });
    return code === 1 && output.trim() === message ? [] : [`(${code}) ${output}`];
  });
};

try {
  /** @type {string[]} */
  const tarballs = [];
  for (const name of names) {
    if (!existsSync(join(root, 'packages', name, 'dist')))
      throw new Error(`packages/${name} is not built`);
    const tarball = await pack(name);
    tarballs.push(tarball);
    await check(`@reverseit/${name}: contents`, () => checkContents(name, tarball));
    await check(`@reverseit/${name}: publint`, () =>
      faultsOf('publint', ['run', tarball, '--strict'], { env: tools }),
    );
    await check(`@reverseit/${name}: are the types wrong`, () =>
      faultsOf('attw', [tarball, '--profile', 'strict', '--no-emoji', '--format', 'ascii'], {
        env: tools,
      }),
    );
  }
  await check('npm install of the tarballs', () => installTarballs(tarballs));
  const entries = await entriesOf(project);
  await checkTypes(entries);
  for (const major of majors) await checkOnNode(major, entries);
  await checkTooOld();
  if (out !== undefined && failures === 0) {
    await mkdir(out, { recursive: true });
    for (const tarball of tarballs) await copyFile(tarball, join(out, basename(tarball)));
  }
} finally {
  if (options.includes('--keep')) console.log(`kept: ${work}`);
  else await rm(work, { recursive: true, force: true });
}
if (!cliIsWritten) console.log('to come  npx reverseit --version: there is no command line yet');
console.log(failures === 0 ? 'packages: all in order' : `packages: ${failures} checks failed`);
process.exitCode = failures === 0 ? 0 : 1;
