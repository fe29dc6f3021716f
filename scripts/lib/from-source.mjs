// Lets Node run the workspace from its sources before it is installed, for `npm start`:
//
//   node --import ./scripts/lib/from-source.mjs …
//
// REVERSEIT_DEPENDENCIES is the folder that `ensureStartDependencies` has made. A workspace package is found by
// its own name (self-reference), every other one in that folder.

import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './toolchain.mjs';

const dependencies = process.env.REVERSEIT_DEPENDENCIES ?? '';

/** @type {Readonly<Record<string, string>>} */
const folders = {
  '@reverseit/core': 'packages/core',
  '@reverseit/upstream': 'packages/upstream',
  '@reverseit/admin': 'packages/admin',
  '@reverseit/node': 'packages/node',
  '@reverseit/test-servers': 'test-servers',
};

registerHooks({
  resolve(specifier, context, next) {
    if (/^(?:[./]|node:|file:|data:)/.test(specifier)) return next(specifier, context);
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
    const folder = Object.hasOwn(folders, name) ? join(root, folders[name] ?? '') : dependencies;
    const parentURL = pathToFileURL(join(folder, 'package.json')).href;
    return next(specifier, { ...context, parentURL });
  },
});
