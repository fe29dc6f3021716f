// Keeps phrases that readers stumble over out of what users read. Run by `npm run lint`.
//
//   node scripts/check-words.mjs
//
// Checked are the documents, and the texts of the option tables, the help, messages and log lines: strings of the
// sources that have a space. Code in documents is left out.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { markdownFiles } from './check-links.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What not to write, and what instead. @type {readonly (readonly [pattern: RegExp, better: string])[]} */
export const phrases = [
  [
    /\b(?:longest|largest|most) (?:time|wait|silence|sum|connections|requests|header lines?|request body|response body|frame)\b/i,
    '"maximum …"',
  ],
  [/\bif need be\b/i, '"if needed", "optionally"'],
  [/\bonce more to end\b/i, '"repeat to force"'],
  [/\bwhat is under way\b|\bunder way\b/i, '"in progress"'],
  [/\bread anew\b|\bsent? again anew\b/i, '"read again", "retried"'],
  [/\bgives? (?:it |them )?back\b/i, '"release", "return"'],
  [
    /(?<!there )\bis no (?:token|method|number|response|integer|object|path|string|function)\b/i,
    '"invalid …"',
  ],
  [/\bis none of\b|\bwhat is none\b/i, '"is not a …"'],
  [/\bare of each\b|\bis of each\b/i, '"per worker", "per …"'],
  [/\btells? of\b|\btold of\b/i, '"reports", "is notified of"'],
  [/\bhears? of\b|\bis to be had\b|\bcan be had\b/i, '"gets", "is available"'],
  [/\bthe last word\b/i, '"applied last"'],
  [/\bmay be lifted\b|\blifts a limit\b/i, '"disables a limit"'],
  [/\bmade of (?:the|its|their) (?:option )?tables?\b/i, '"generated from"'],
  [/\bof use to\b/i, '"used by"'],
  [/\bwith (?:colons|commas) between\b/i, '"separated by"'],
  [/\b(?:those|these) beside (?!`|")/i, 'name what is meant: "hooks beside `routes`"'],
  [/\bstands for (?:itself|none)\b|\bstands there twice\b/i, '"is listed twice"'],
  [/\bmeanwhile\b/i, 'say when: "while it started"'],
  [/\bof one's own\b|\bof its own accord\b/i, '"your own", "by itself"'],
  [/\bpassed? on unread\b/i, '"forwarded unchanged"'],
  [/\bbytes? behind\b|\bbehind (?:it|a refused|the head|a final)\b/i, '"after"'],
  [/\bis cut (?:off|short)\b|\bcuts the (?:connection|client)/i, '"is aborted", "is truncated"'],
  [/\bwhere there is none\b|\bwhere it is none\b/i, '"if there is none", "if invalid"'],
  [/\bfinds? fault\b|\bare at fault\b/i, '"rejects", "is invalid"'],
  [/\bno matter of\b|\bis a matter of\b/i, '"depends on"'],
];

/** Documents that report what was, or are copied. */
const skipped =
  /^(?:docs\/glossary\.md|CHANGELOG\.md|benchmarks\/results\/|docs\/api-surface\/|test-servers\/|benchmarks\/|packages\/[^/]+\/src\/)/;

/**
 * @param {string} text
 * @returns {{ found: string, better: string } | undefined}
 */
export function worstOf(text) {
  for (const [pattern, better] of phrases) {
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return { found, better };
  }
  return undefined;
}

/** Prose of a document, without code, by line. @param {string} text @returns {(readonly [line: number, text: string])[]} */
function proseOf(text) {
  let inCode = false;
  return text.split('\n').flatMap((line, index) => {
    if (line.startsWith('```')) inCode = !inCode;
    if (inCode || line.startsWith('```')) return [];
    return [/** @type {const} */ ([index + 1, line])];
  });
}

/** Strings of a source that are sentences. @param {string} path @param {string} text */
function textsOf(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @type {(readonly [line: number, text: string])[]} */
  const texts = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node)
    ) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      if (node.text.includes(' ')) texts.push([line + 1, node.text]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return texts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const documents = markdownFiles().filter((path) => !skipped.test(path));
  const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter(
    (path) => !path.endsWith('.test.ts'),
  );
  let faults = 0;
  for (const path of [...documents, ...sources]) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [line, words] of path.endsWith('.md') ? proseOf(text) : textsOf(path, text)) {
      const worst = worstOf(words);
      if (worst === undefined) continue;
      faults++;
      console.error(`${path}:${line}: "${worst.found}"; better ${worst.better}`);
    }
  }
  if (faults === 0) {
    console.log(`words: ${documents.length} documents, ${sources.length} sources, all in order`);
  } else process.exitCode = 1;
}
