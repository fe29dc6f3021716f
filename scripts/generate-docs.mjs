// Writes what is generated from the tables in the sources: docs/options.md, docs/errors.md, docs/metrics.md,
// the reference in README.md, and the comments above the rows of the tables.
//
//   node scripts/generate-docs.mjs [--check]
//
// With --check nothing is written, and a document that differs is an error.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expectedDocuments } from './lib/docs.mjs';

// The packages are read from their sources, which Node strips of their types.
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, { ...context, conditions: [...context.conditions, '@reverseit/source'] }),
});
const { metricFamilies } = await import('@reverseit/admin');
const { catalog } = await import('@reverseit/core/errors');
const { certificateOptions } = await import(
  '../packages/core/src/options/option-certificates-kind.ts'
);
const { backendOptions } = await import(
  '../packages/upstream/src/backends/options/backend-list.ts'
);
const { serverOptions } = await import('../packages/core/src/server/listener/server-options.ts');
const { flags } = await import('../packages/node/src/cli/flags.ts');
const { listenerOptions, ownListenerOptions } = await import(
  '../packages/node/src/options/listeners/listener-options.ts'
);
const { proxyOptions } = await import('../packages/node/src/options/proxy-options.ts');
const { routeOptions } = await import('../packages/node/src/options/route-options.ts');

/** @param {string} path */
const absolute = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
/** @param {string} path */
const read = (path) => readFileSync(absolute(path), 'utf8');
/** @param {string} path */
const readIfThere = (path) => {
  try {
    return read(path);
  } catch {
    return undefined;
  }
};

const tables = {
  proxy: proxyOptions,
  backend: backendOptions,
  route: routeOptions,
  server: serverOptions,
  listener: listenerOptions,
  ownListener: ownListenerOptions,
  certificate: certificateOptions,
  flags,
  catalog,
  families: metricFamilies,
};
const stale = [...expectedDocuments(tables, read)].filter(
  ([path, text]) => readIfThere(path) !== text,
);

if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is out of date`);
  if (stale.length > 0) {
    console.error('node scripts/generate-docs.mjs updates them');
    process.exitCode = 1;
  }
} else {
  mkdirSync(absolute('docs'), { recursive: true });
  for (const [path, text] of stale) {
    writeFileSync(absolute(path), text);
    console.log(`wrote ${path}`);
  }
}
