// The code in Markdown files: found here, run by readme.test.ts.

/**
 * @typedef {object} Snippet
 * @property {string} heading the heading that it stands under
 * @property {string} language as behind the fence; empty where none is named
 * @property {string} text
 * @property {string | undefined} output a `text` block that follows it directly: what it prints
 */

/** @param {string} markdown @returns {Snippet[]} in order, blocks of output left out */
export function snippetsOf(markdown) {
  /** @type {Snippet[]} */
  const snippets = [];
  let heading = '';
  /** @type {{ language: string, lines: string[] } | undefined} */
  let open;
  /** Whether nothing but blank lines stands behind the last snippet. */
  let directly = false;
  for (const line of markdown.split('\n')) {
    if (open === undefined) {
      const [, language] = /^```(\w*)$/.exec(line) ?? [];
      if (language !== undefined) open = { language, lines: [] };
      else if (line.trim() !== '') directly = false;
      if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
    } else if (line === '```') {
      const text = `${open.lines.join('\n')}\n`;
      const last = snippets.at(-1);
      if (open.language === 'text' && directly && last !== undefined) last.output = text;
      else snippets.push({ heading, language: open.language, text, output: undefined });
      directly = open.language !== 'text';
      open = undefined;
    } else open.lines.push(line);
  }
  return snippets;
}
