/** The status page: what its listener answers with, apart from the figures. */
import { loadPageFiles } from './page-files.ts';

/** One file of the page. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

/**
 * Fields of every response with a file of the page. Script, style and icon are files of the same origin, so that the
 * policy needs no exception.
 */
export const pageHeaders: readonly (readonly [name: string, value: string])[] = [
  [
    'content-security-policy',
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  ],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
  ['cache-control', 'no-cache'],
];

/** Media type of a file of the page. */
export const typeOf = (path: string): string => {
  if (path.endsWith('.css')) return 'text/css; charset=utf-8';
  if (path.endsWith('.svg')) return 'image/svg+xml';
  return /\.(?:js|ts)$/.test(path) ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8';
};

let files: ReadonlyMap<string, PageFile> | null = null;

/**
 * The file of the page at this path, which begins with a slash; undefined for any other. None of them holds a
 * figure, so that they need no token: the page asks for it.
 */
export const pageFile = (path: string): PageFile | undefined => {
  files ??= new Map(
    [...loadPageFiles()].map(([name, text]) => [
      `/${name}`,
      { type: typeOf(name), body: Buffer.from(text) },
    ]),
  );
  return files.get(path);
};
