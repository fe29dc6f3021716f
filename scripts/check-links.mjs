// Links in Markdown lead somewhere. Run by `npm run lint`.
//
//   node scripts/check-links.mjs
//
// Relative links have to name a file or folder of the repository and, behind `#`, a heading of it. Links
// to elsewhere have to be https, and are not followed. The README of a package links no other file.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const skipped = /(^|\/)(node_modules|dist|coverage|\.[^/]+|docs\/api)(\/|$)/;
/** Shown by the package registry, which knows of no repository beside them. */
const shown = /^packages\/[^/]+\/README\.md$/;
/** Copied from the root when a package is packed. */
const copied = /^packages\/[^/]+\/CHANGELOG\.md$/;

/** @returns {string[]} paths in the repository */
export function markdownFiles() {
  /** @type {(folder: string) => string[]} */
  const walk = (folder) =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (skipped.test(path) || copied.test(path)) return [];
      if (entry.isDirectory()) return walk(path);
      return path.endsWith('.md') ? [path] : [];
    });
  return walk('').sort();
}

/**
 * The links of a text that lead nowhere, and why.
 *
 * @param {string} file path in the repository
 * @param {string} text
 * @param {(path: string) => string | null | undefined} read a file's text, null for a folder, undefined where there is nothing
 */
export function brokenLinks(file, text, read) {
  /** @type {string[]} */
  const faults = [];
  for (const { line, target } of linksOf(text)) {
    const why = faultOf(file, text, target, read);
    if (why !== undefined) faults.push(`${file}:${line}: ${target} ${why}`);
  }
  return faults;
}

/** @param {string} file @param {string} text @param {string} target @param {(path: string) => string | null | undefined} read */
function faultOf(file, text, target, read) {
  if (/^[a-z][a-z+.-]*:/i.test(target)) {
    return target.startsWith('https://') ? undefined : 'is not https';
  }
  const [path = '', anchor] = target.split('#');
  if (path.startsWith('/')) return 'is no relative path';
  if (path !== '' && shown.test(file)) return 'leads nowhere on the page of the package';
  const place = posix.normalize(posix.join(posix.dirname(file), decodeURIComponent(path)));
  if (place.startsWith('..')) return 'leads out of the repository';
  const found = path === '' ? text : read(place);
  if (found === undefined) return 'is not there';
  if (anchor === undefined) return undefined;
  return found !== null && anchorsOf(found).has(anchor) ? undefined : 'has no such heading';
}

/** Lines outside of code, numbered from 1; code spans are blanked. @param {string} text */
function proseOf(text) {
  let inCode = false;
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*```/.test(line)) {
      inCode = !inCode;
      return [];
    }
    return inCode ? [] : [{ number: index + 1, line }];
  });
}

/** @param {string} text */
function linksOf(text) {
  return proseOf(text).flatMap(({ number, line }) => {
    const inline = line.replace(/`[^`]*`/g, (code) => 'x'.repeat(code.length));
    const targets = [
      ...inline.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g),
      ...inline.matchAll(/^\[[^\]]+\]:\s+(\S+)/g),
    ];
    return targets.map(([, target = '']) => ({ line: number, target }));
  });
}

/** Anchors of the headings, as code hosts make them. @param {string} text */
function anchorsOf(text) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  const anchors = new Set();
  for (const { line } of proseOf(text)) {
    const [, heading] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? [];
    if (heading === undefined) continue;
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** @param {string} path */
function readFromRepository(path) {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return undefined;
  return statSync(absolute).isDirectory() ? null : readFileSync(absolute, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = markdownFiles();
  const faults = files.flatMap((file) =>
    brokenLinks(file, readFileSync(join(root, file), 'utf8'), readFromRepository),
  );
  for (const fault of faults) console.error(fault);
  if (faults.length === 0) console.log(`links: ${files.length} files, all in order`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
