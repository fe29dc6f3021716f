/**
 * The files of the status page, from their sources: each module for itself, with its types stripped. For `npm start`,
 * which has no bundler. A build puts a module in its place that holds the bundle instead (build-page.ts).
 */
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

const uplot = 'uplot.js';

/** Text by path, without the slash that a path begins with; that of the document is empty. */
export const loadPageFiles = (): ReadonlyMap<string, string> => {
  const page = fileURLToPath(new URL('../page/', import.meta.url));
  const read = (name: string): string => readFileSync(`${page}${name}`, 'utf8');
  // Not by `require`, which knows nothing of the hooks of `npm start` (scripts/lib/from-source.mjs).
  const readPackage = (name: string): string =>
    readFileSync(fileURLToPath(import.meta.resolve(name)), 'utf8');
  const style = (name: string): string => (name.startsWith('./') ? read(name) : readPackage(name));
  const files = new Map([
    ['', read('index.html')],
    ['status.svg', read('status.svg')],
    [
      'status.css',
      read('status.css').replace(/@import "(.+)";/g, (_, name: string) => style(name)),
    ],
    ['status.js', "import './page/main.ts';\n"],
    [`page/${uplot}`, readPackage('uplot/dist/uPlot.esm.js')],
  ]);
  for (const name of globSync('**/*.ts', { cwd: page, exclude: ['**/*.test.ts'] })) {
    const path = name.replaceAll('\\', '/');
    const up = '../'.repeat(path.split('/').length - 1) || './';
    const text = stripTypeScriptTypes(read(name)).replace(/from 'uplot'/, `from '${up}${uplot}'`);
    files.set(`page/${path}`, text);
  }
  return files;
};
