/** The recipes of docs/frameworks.md, by their headings. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { snippetsOf } from '../scripts/lib/snippets.mjs';

const file = fileURLToPath(new URL('../docs/frameworks.md', import.meta.url));

/** Their frameworks are so large that they are installed on demand only. */
export const heavy: readonly string[] = ['NestJS', 'Next.js'];

export async function readRecipes(): Promise<ReadonlyMap<string, string>> {
  const snippets = snippetsOf(await readFile(file, 'utf8'));
  return new Map(snippets.map(({ heading, text }) => [heading, text]));
}
