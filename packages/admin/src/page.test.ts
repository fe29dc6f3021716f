import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildPage } from '../build-page.ts';
import { pageFile, pageHeaders } from './page.ts';
import { loadPageFiles } from './page-files.ts';

const bundle = await buildPage();

describe.each([
  ['from source', loadPageFiles()],
  ['as it is built', bundle],
])('the status page %s', (_, files) => {
  const html = files.get('') ?? '';

  it('asks for nothing but its own files', () => {
    const named = [...html.matchAll(/<(?:script|link)[^>]* (?:src|href)="([^"]*)"/g)];
    expect(named.map(([, name]) => name).sort()).toEqual(['status.css', 'status.js', 'status.svg']);
    for (const [, name] of named) expect(files.get(name ?? ''), name).toMatch(/\S/);
    for (const [path, text] of files) {
      if (path.endsWith('.css')) expect(text, path).not.toMatch(/url\(|@import/);
    }
  });

  it("has no script and no style that default-src 'self' refuses", () => {
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)/i);
    for (const [path, text] of files) {
      expect(text, path).not.toMatch(/\beval\(|new Function\(|setAttribute\(["']style/);
    }
  });

  it('every module that is imported is there', () => {
    for (const [path, text] of files) {
      if (!/\.(?:js|ts)$/.test(path)) continue;
      for (const [, name] of text.matchAll(/^(?:import|export) [^;=]*?from ['"]([^'"]+)['"];/gm)) {
        expect(name, `${path}: ${name}`).toMatch(/^\.\.?\//);
        expect(files.has(posix.join(posix.dirname(path), name ?? '')), `${path}: ${name}`).toBe(
          true,
        );
      }
    }
  });
});

it('the bundle is one script, and stays small', () => {
  expect([...bundle.keys()]).toEqual(['', 'status.svg', 'status.css', 'status.js']);
  const bytes = [...bundle.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  expect(bytes).toBeLessThan(128 * 1024);
  // Its licence asks to be named.
  expect(bundle.get('status.js')?.startsWith('/*! uPlot 1.')).toBe(true);
});

it.each([
  ['/', 'text/html; charset=utf-8'],
  ['/status.css', 'text/css; charset=utf-8'],
  ['/status.js', 'text/javascript; charset=utf-8'],
  ['/status.svg', 'image/svg+xml'],
  ['/page/main.ts', 'text/javascript; charset=utf-8'],
])('serves %s as %s', (path, type) => {
  expect(pageFile(path)?.type).toBe(type);
});

it.each(['', '/stats', '/page', '/page/', '/../package.json', '/__proto__', '/constructor'])(
  'has no file at %s',
  (path) => expect(pageFile(path)).toBeUndefined(),
);

it('no exception is made in the policy', () => {
  const policy = new Map(pageHeaders).get('content-security-policy');
  expect(policy).toMatch(/^default-src 'self'; /);
  expect(policy).not.toMatch(/unsafe|nonce|sha256|data:|https?:/);
});
