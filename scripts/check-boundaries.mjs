// Which part of the repository may import which. Run by `npm run lint`.
//
//   node scripts/check-boundaries.mjs [--strict]
//
// No two folders of a package may import each other, however far the way round.
// With --strict also: every pure module has a test of its own beside it, and
// every parser a property test.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/**
 * @typedef {object} Zone
 * @property {string} name
 * @property {RegExp} files paths in the repository
 * @property {readonly (string | RegExp)[]} zones names of the zones it may import by path
 * @property {readonly (string | RegExp)[]} packages what it may import by name
 * @property {readonly string[]} [typesOf] packages it may import types from
 * @property {boolean} [pure] no I/O, no clock: the protocol machines
 */

const anyBuiltin = /^node:/;
const coreEntries = /^@reverseit\/core\/(errors|options|http1?|websocket|deadlines|internal)$/;
const serverEntries = ['@reverseit/core', '@reverseit/core/internal/server'];
const upstreamEntries = /^@reverseit\/upstream(\/internal)?$/;
const adminEntry = '@reverseit/admin';

/** @type {readonly Zone[]} the first that matches a file is its zone */
const zones = [
  ...entries({
    errors: ['core/errors'],
    options: ['core/addresses', 'core/options'],
    http: ['core/http'],
    http1: [/^core\/http1/],
    websocket: [/^core\/websocket/],
    deadlines: ['core/time'],
    internal: [
      'core/addresses',
      'core/errors',
      'core/io',
      'core/node-internals',
      'core/options',
      'core/proxy-protocol',
      'core/socket',
      'core/time',
      /^core\/http[12]/,
    ],
    'internal-server': [/^core\/server/, 'core/socket'],
  }),
  {
    name: 'core entry',
    files: /^packages\/core\/src\/index\.ts$/,
    zones: [
      /^core\/server/,
      /^core entry /,
      /^core\/(errors|options|http|proxy-protocol|time|io)$/,
      /^core\/http1/,
    ],
    packages: [],
  },
  machine('errors', []),
  // Whether a key can be used is known only to what will use it.
  exception('options', 'tls-credentials', ['node:crypto', 'node:tls'], ['errors']),
  // Reads the files that a configuration names.
  exception('options', 'credential-files', ['node:fs'], ['errors']),
  // What Node knows of addresses and status codes: no I/O.
  exception('addresses', 'ip-address', ['node:net'], []),
  exception('http', 'authority', ['node:net'], []),
  exception('http', 'status', ['node:http'], []),
  machine('addresses', []),
  machine('proxy-protocol', ['addresses']),
  machine('options', ['addresses', 'errors', 'http']),
  machine('http', ['errors']),
  exception('http1/llhttp', 'module', ['llhttp-wasm'], ['errors', 'http']),
  machine('http1/llhttp', ['errors']),
  machine('http1/grammar', ['errors', 'http', 'http1/llhttp']),
  machine('http1/body', ['errors', 'http', 'http1/llhttp', 'http1/grammar']),
  machine('http1', ['errors', 'http', 'http1/llhttp', 'http1/grammar', 'http1/body']),
  machine('http2/hpack', ['errors', 'http']),
  // What both ends of a connection of HTTP/2 have in common.
  layer('http2/session', ['http', 'http2', 'http2/hpack', 'io', 'socket', 'time'], [anyBuiltin]),
  machine('http2', ['errors', 'http', 'http1/grammar', 'http2/hpack']),
  machine('websocket/frames', ['errors']),
  exception('websocket/handshake', 'opening-handshake', ['node:crypto'], ['errors', 'http']),
  machine('websocket/handshake', ['errors', 'http']),
  {
    ...machine('websocket/deflate', ['errors', 'websocket/handshake', 'node-internals']),
    packages: ['node:buffer', 'node:zlib'],
  },
  layer('time', ['errors', 'io'], []),
  // Turns of the event loop, and memory that sockets read into.
  layer('io', [], ['node:stream', 'node:buffer']),
  // What rests on private parts of Node.
  layer('node-internals', ['io'], [anyBuiltin]),
  layer('socket', ['errors', 'io', 'node-internals', 'time'], [anyBuiltin]),
  // Who is at the other end of a socket, and on whose behalf.
  layer('server/client', ['proxy-protocol'], [anyBuiltin]),
  layer(
    'server/exchange',
    ['proxy-protocol', 'errors', 'options', 'http', /^core\/http1/, 'time', 'server/client'],
    [anyBuiltin],
  ),
  layer(
    'server/connection',
    [
      'proxy-protocol',
      'errors',
      'http',
      /^core\/http1/,
      'time',
      'io',
      'node-internals',
      'server/client',
      'server/exchange',
      'socket',
    ],
    [anyBuiltin],
  ),
  layer(
    'server/http2',
    [
      'proxy-protocol',
      'errors',
      'http',
      /^core\/http[12]/,
      'time',
      'io',
      'server/client',
      'server/exchange',
      'server/connection',
      'socket',
    ],
    [anyBuiltin],
  ),
  layer(
    'server/listener',
    [
      'proxy-protocol',
      'addresses',
      'errors',
      'options',
      'http',
      /^core\/http1/,
      'time',
      'io',
      'server/client',
      'server/exchange',
      'server/connection',
      'server/http2',
    ],
    [anyBuiltin],
  ),
  layer(
    'server',
    ['errors', 'options', 'time', 'server/exchange', 'server/listener'],
    [anyBuiltin],
  ),
  ...packageLayers('upstream', [anyBuiltin, 'undici', coreEntries], {
    'node-internals': [],
    options: [],
    'exchange/message': ['options'],
    exchange: ['options', 'exchange/message'],
    connect: ['options', 'exchange', 'exchange/message'],
    'http1/direct': ['connect', 'exchange', 'http1', 'node-internals', 'exchange/message'],
    'http1/undici': ['connect', 'exchange', 'http1', 'node-internals', 'exchange/message'],
    http1: ['connect', 'exchange', 'node-internals', 'exchange/message'],
    http2: ['connect', 'exchange', 'node-internals', 'exchange/message'],
    client: ['exchange', 'exchange/message'],
    pool: [
      'options',
      'client',
      'connect',
      'exchange',
      'http1',
      'http1/direct',
      'http1/undici',
      'http2',
      'exchange/message',
    ],
    'backends/balance': [],
    'backends/discovery': [],
    'backends/health': [],
    'backends/retry': ['backends/health'],
    'backends/options': ['options', 'backends/balance', 'backends/health', 'backends/retry'],
    backends: [
      'options',
      'exchange',
      'connect',
      'pool',
      'backends/balance',
      'backends/discovery',
      'backends/health',
      'backends/retry',
      'exchange/message',
      'backends/options',
    ],
  }),
  {
    name: 'upstream',
    files: /^packages\/upstream\/src\/[a-z-]+\.ts$/,
    zones: [/^upstream/],
    packages: [],
  },
  {
    name: 'admin',
    files: /^packages\/admin\/src\//,
    zones: ['admin'],
    packages: [anyBuiltin, coreEntries, ...serverEntries],
  },
  ...packageLayers(
    'node',
    [anyBuiltin, coreEntries, ...serverEntries, upstreamEntries, adminEntry],
    {
      logging: [],
      metrics: [],
      lifecycle: [],
      routes: [],
      config: ['options'],
      'node-internals': [],
      'middleware/messages': [],
      'middleware/fields': ['middleware/messages'],
      'middleware/responses': ['middleware/fields', 'node-internals'],
      hooks: ['logging', 'metrics', 'middleware/messages'],
      options: ['hooks', 'logging', 'routes'],
      'proxy/forwarded': ['options', 'routes'],
      'proxy/headers': ['hooks', 'options', 'proxy/forwarded', 'routes'],
      'proxy/websocket': ['lifecycle', 'metrics', 'options'],
      'proxy/runtime': [
        'hooks',
        'lifecycle',
        'metrics',
        'middleware/messages',
        'options',
        'proxy/forwarded',
        'proxy/headers',
        'proxy/websocket',
      ],
      'proxy/http': ['hooks', 'proxy/forwarded', 'proxy/headers', 'proxy/runtime'],
      'proxy/upgrade': ['hooks', 'proxy/headers', 'proxy/http', 'proxy/runtime', 'proxy/websocket'],
      proxy: ['hooks', 'lifecycle', 'metrics', 'options', 'routes', /^node\/proxy\//],
      middleware: [
        'lifecycle',
        'metrics',
        'node-internals',
        'options',
        'proxy',
        /^node\/(middleware|proxy)\//,
      ],
      server: ['lifecycle', 'metrics', 'options', 'proxy', 'routes'],
      cluster: ['config', 'lifecycle', 'logging', 'metrics', 'node-internals', 'options', 'server'],
      cli: ['cluster', 'config', 'logging', 'options', 'server'],
    },
  ),
  {
    name: 'node',
    files: /^packages\/node\/src\/[a-z-]+\.ts$/,
    zones: [/^node/],
    packages: [anyBuiltin, coreEntries, ...serverEntries, upstreamEntries, adminEntry],
  },
  {
    // It serves the tests of every package, so it may need none of them.
    name: 'test-servers',
    files: /^test-servers\//,
    zones: ['test-servers'],
    packages: [anyBuiltin, 'dns-packet', 'ws', 'vitest', 'fast-check', /^@peculiar\//],
  },
];

/** @param {Readonly<Record<string, readonly (string | RegExp)[]>>} table @returns {Zone[]} */
function entries(table) {
  return Object.entries(table).map(([name, allowed]) => ({
    name: `core entry ./${name}`,
    files: new RegExp(`^packages/core/src/${name}\\.ts$`),
    zones: allowed,
    packages: [],
  }));
}

/**
 * @param {string} folder
 * @param {readonly string[]} others
 * @returns {Zone}
 */
function machine(folder, others) {
  return {
    name: `core/${folder}`,
    files: new RegExp(`^packages/core/src/${folder}/`),
    zones: [folder, ...others].map((name) => `core/${name}`),
    packages: ['node:buffer'],
    pure: true,
  };
}

/**
 * A folder of core that may touch sockets, timers or Node.
 *
 * @param {string} folder
 * @param {readonly (string | RegExp)[]} others
 * @param {readonly (string | RegExp)[]} packages
 * @returns {Zone}
 */
function layer(folder, others, packages) {
  return {
    name: `core/${folder}`,
    files: new RegExp(`^packages/core/src/${folder}/`),
    zones: [
      `core/${folder}`,
      ...others.map((other) => (typeof other === 'string' ? `core/${other}` : other)),
    ],
    packages,
  };
}

/**
 * The folders of a package, and which of its others each may import.
 *
 * @param {string} name of the package
 * @param {Zone['packages']} packages
 * @param {Readonly<Record<string, readonly (string | RegExp)[]>>} table
 * @returns {Zone[]}
 */
function packageLayers(name, packages, table) {
  return Object.entries(table).map(([folder, others]) => ({
    name: `${name}/${folder}`,
    files: new RegExp(`^packages/${name}/src/${folder}/[^/]+$`),
    zones: [folder, ...others].map((other) =>
      typeof other === 'string' ? `${name}/${other}` : other,
    ),
    packages,
    // They decide which backend gets a request; time and chance are handed in.
    pure: name === 'upstream' && /^backends\/(?!options)./.test(folder),
  }));
}

/**
 * One file of a machine that may import something more.
 *
 * @param {string} folder
 * @param {string} file
 * @param {readonly string[]} more
 * @param {readonly string[]} others
 * @returns {Zone}
 */
function exception(folder, file, more, others) {
  return {
    ...machine(folder, others),
    files: new RegExp(`^packages/core/src/${folder}/(?:.*/)?${file}\\.ts$`),
    packages: ['node:buffer', ...more],
  };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const strict = process.argv.includes('--strict');

/** @type {string[]} */
const faults = [];

/** @param {string} folder @returns {string[]} paths from the root, with slashes */
const sourcesIn = (folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((path) => !path.includes('node_modules/'))
    : [];

/** @param {string} path */
const zoneOf = (path) => zones.find((zone) => zone.files.test(path));

/** @param {readonly (string | RegExp)[]} rules @param {string} text */
const matches = (rules, text) =>
  rules.some((rule) => (typeof rule === 'string' ? rule === text : rule.test(text)));

/** @param {string} path */
const isTest = (path) => /\.test\.ts$|\/test\//.test(path);

/** @param {string} path */
const parse = (path) =>
  ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);

/**
 * Every module a file names: imports, re-exports, import types and dynamic imports.
 *
 * @param {ts.SourceFile} file
 */
const importsOf = (file) => {
  /** @type {{ specifier: string, line: number }[]} */
  const found = [];
  /** @param {ts.Node | undefined} node */
  const add = (node) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    found.push({ specifier: node.text, line: line + 1 });
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal);
    } else if (
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(node.expression) && node.expression.text === 'require'))
    ) {
      add(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
};

/**
 * @param {string} path
 * @param {{ specifier: string, line: number }} used
 */
const checkImport = (path, { specifier, line }) => {
  /** @param {string} text */
  const fault = (text) => faults.push(`${path}:${line}  ${text}`);
  const zone = zoneOf(path);

  if (specifier.startsWith('.')) {
    const target = join(dirname(path), specifier).split(sep).join('/');
    if (!existsSync(join(root, target))) {
      fault(`'${specifier}' is no file; imports carry their extension (.ts)`);
      return;
    }
    if (packageOf(path) !== packageOf(target)) {
      fault(`'${specifier}' reaches into another package; import it by its name`);
      return;
    }
    if (zone === undefined || isTest(path)) return;
    const targetZone = zoneOf(target);
    if (isTest(target)) fault(`source imports a test: '${specifier}'`);
    else if (targetZone !== undefined && !matches(zone.zones, targetZone.name)) {
      fault(`${zone.name} may not import ${targetZone.name} ('${specifier}')`);
    }
    return;
  }

  if (zone === undefined || isTest(path)) return;
  if (!matches(zone.packages, specifier)) fault(`${zone.name} may not import '${specifier}'`);
};

/**
 * For each folder the folders that it imports, with the first file that does.
 *
 * @type {Map<string, Map<string, string>>}
 */
const folderImports = new Map();

/** @param {string} path @param {{ specifier: string }} used */
const noteFolders = (path, { specifier }) => {
  if (!specifier.startsWith('.') || isTest(path)) return;
  const from = dirname(path);
  const to = dirname(join(path, '..', specifier).split(sep).join('/'));
  if (from === to) return;
  const imports = folderImports.get(from) ?? new Map();
  folderImports.set(from, imports);
  if (!imports.has(to)) imports.set(to, path);
};

const checkCircles = () => {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const way = [];
  /** @param {string} folder */
  const visit = (folder) => {
    if (way.includes(folder)) {
      const circle = [...way.slice(way.indexOf(folder)), folder];
      const files = circle.slice(1).map((to, i) => folderImports.get(circle[i] ?? '')?.get(to));
      faults.push(`folders import each other: ${circle.join(' > ')} (${files.join(', ')})`);
    }
    if (done.has(folder)) return;
    done.add(folder);
    way.push(folder);
    for (const to of folderImports.get(folder)?.keys() ?? []) visit(to);
    way.pop();
  };
  for (const folder of folderImports.keys()) visit(folder);
};

/** @param {string} path */
const packageOf = (path) => /^packages\/[^/]+/.exec(path)?.[0] ?? path.split('/')[0];

/**
 * Has the file anything that could be wrong? Types, re-exports, constants and
 * classes that only hold what they are given need no test.
 *
 * @param {ts.SourceFile} file
 */
const hasCode = (file) =>
  file.statements.some(
    (statement) =>
      !ts.isImportDeclaration(statement) &&
      !ts.isExportDeclaration(statement) &&
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isTypeAliasDeclaration(statement) &&
      !(ts.isVariableStatement(statement) && isPlain(statement)) &&
      !(ts.isClassDeclaration(statement) && isRecord(statement)),
  );

/** Holds the node nothing that runs? @param {ts.Node} node @returns {boolean} */
const isPlain = (node) =>
  !ts.isCallExpression(node) &&
  !ts.isNewExpression(node) &&
  !ts.isFunctionLike(node) &&
  !ts.isClassLike(node) &&
  ts.forEachChild(node, (child) => (isPlain(child) ? undefined : true)) === undefined;

/**
 * Fields, and a constructor that assigns its parameters to them.
 *
 * @param {ts.ClassDeclaration} declaration
 */
const isRecord = ({ members }) =>
  members.every(
    (member) =>
      (ts.isPropertyDeclaration(member) && isPlain(member)) ||
      (ts.isConstructorDeclaration(member) &&
        member.body?.statements.every(
          (statement) =>
            ts.isExpressionStatement(statement) &&
            ts.isBinaryExpression(statement.expression) &&
            ts.isIdentifier(statement.expression.right),
        )),
  );

/**
 * A module that takes input apart says so in what it exports: `parseX`,
 * `readX`, `createXParser`, `XReader`, …
 *
 * @param {ts.SourceFile} file
 */
const isParser = (file) =>
  file.statements.some((statement) => {
    if (!ts.canHaveModifiers(statement)) return false;
    const modifiers = ts.getModifiers(statement) ?? [];
    if (!modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) return false;
    const names = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.map((declaration) => declaration.name)
      : ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
        ? [statement.name]
        : [];
    return names.some(
      (name) =>
        name !== undefined &&
        ts.isIdentifier(name) &&
        /^(parse|read)[A-Z]|(Parser|Reader|Decoder)$/.test(name.text),
    );
  });

/** @param {string} path @param {ts.SourceFile} file */
const checkTests = (path, file) => {
  if (!/^packages\/[^/]+\/src\//.test(path) || isTest(path) || path.endsWith('.d.ts')) return;
  const stem = join(root, dirname(path), basename(path, '.ts'));
  const hasUnit = existsSync(`${stem}.test.ts`);
  const hasProperty = existsSync(`${stem}.fuzz.test.ts`);
  if (isParser(file) && !hasProperty) {
    faults.push(`${path}  is a parser and has no ${basename(stem)}.fuzz.test.ts`);
  } else if (zoneOf(path)?.pure && hasCode(file) && !hasUnit && !hasProperty) {
    faults.push(`${path}  has no test beside it`);
  }
};

const folders = ['core', 'upstream', 'admin', 'node'].map((name) => `packages/${name}`);
const paths = [...folders, 'test-servers'].flatMap((folder) => [
  ...sourcesIn(`${folder}/src`),
  ...sourcesIn(`${folder}/test`),
]);
for (const path of paths) {
  const file = parse(path);
  for (const used of importsOf(file)) {
    checkImport(path, used);
    noteFolders(path, used);
  }
  if (strict) checkTests(path, file);
}

checkCircles();

for (const fault of faults.sort()) console.error(fault);
console.error(
  faults.length === 0
    ? `boundaries: ${paths.length} files, all in order`
    : `boundaries: ${faults.length} faults in ${paths.length} files`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
