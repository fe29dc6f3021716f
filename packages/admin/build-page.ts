/** Bundles the status page, and puts it into the package in place of src/page-files.ts. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const page = fileURLToPath(new URL('./page/', import.meta.url));

const notice =
  '/*! uPlot 1.6.32, Copyright (c) 2022 Leon Sorokin, MIT: see THIRD_PARTY_LICENSES */';

/** The files of the page by path, as `loadPageFiles` has them, of one script and one style sheet. */
export const buildPage = async (): Promise<ReadonlyMap<string, string>> => {
  const { outputFiles } = await build({
    entryPoints: { status: `${page}main.ts`, style: `${page}status.css` },
    outdir: page,
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2023', 'chrome120', 'firefox120', 'safari17'],
    banner: { js: notice },
  });
  const built = (end: string): string =>
    outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  const html = await readFile(`${page}index.html`, 'utf8');
  return new Map([
    ['', html.replace(/^ +/gm, '')],
    ['status.svg', await readFile(`${page}status.svg`, 'utf8')],
    ['status.css', built('style.css')],
    ['status.js', built('status.js')],
  ]);
};

/** For the build of the package. */
export const pagePlugin: Plugin = {
  name: 'status-page',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]page-files\.ts$/ }, async () => {
      const entries = JSON.stringify([...(await buildPage())]);
      return { contents: `export const loadPageFiles = () => new Map(${entries});`, loader: 'js' };
    });
  },
};
