/**
 * The recipes of docs/frameworks.md, each as it stands, against the framework that it is for. The backend at
 * 127.0.0.1:8080 is the friendly origin, whatever listens is moved to a free port, and the certificate is one of
 * the tests'. What has to hold is the same for all.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { snippetsOf } from '../scripts/lib/snippets.mjs';
import { checks } from './recipe-checks.ts';
import { Recipe } from './run-recipe.ts';

const file = fileURLToPath(new URL('../docs/frameworks.md', import.meta.url));
const recipes = new Map(
  snippetsOf(await readFile(file, 'utf8')).map(({ heading, text }) => [heading, text]),
);

/** Their frameworks are so large that CI alone installs them: see heavy.test.ts. */
const heavy = ['NestJS', 'Next.js'];

/** In the names of packages, the versions of three years ago. */
const old = (code: string): string =>
  code
    .replace("from 'express'", "from 'express-4'")
    .replace("from 'morgan'", "from 'morgan-1.10.0'")
    .replace("from 'compression'", "from 'compression-1.8.0'")
    .replace("from 'express-session'", "from 'express-session-1.18.1'");

const all = [...recipes].flatMap(([name, code]): [string, string][] => {
  if (heavy.includes(name)) return [];
  return name === 'Express'
    ? [
        [name, code],
        ['Express, as three years ago', old(code)],
      ]
    : [[name, code]];
});

const folder = fileURLToPath(new URL('.', import.meta.url));

describe.each(all)('%s', (name, code) => {
  let recipe: Recipe;
  beforeAll(async () => {
    recipe = await Recipe.start(code, folder);
  });
  afterAll(() => recipe.stop());

  it.each(checks.filter(({ of }) => of?.test(name) ?? true))('$title', ({ run }) => run(recipe));
});
