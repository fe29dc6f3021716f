/**
 * The recipes of docs/frameworks.md, each as it stands, against the framework that it is for. The backend at
 * 127.0.0.1:8080 is the friendly origin, whatever listens is moved to a free port, and the certificate is one of
 * the tests'. What has to hold is the same for all.
 */
import { fileURLToPath } from 'node:url';
import { heavy, readRecipes } from './recipes.ts';
import { describeRecipe } from './suite.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** In the names of packages, the versions of three years ago. */
const aged = (code: string): string =>
  code
    .replace("from 'express'", "from 'express-4'")
    .replace("from 'morgan'", "from 'morgan-1.10.0'")
    .replace("from 'compression'", "from 'compression-1.8.0'")
    .replace("from 'express-session'", "from 'express-session-1.18.1'");

for (const [name, code] of await readRecipes()) {
  if (heavy.includes(name)) continue;
  describeRecipe(name, code, here);
  if (name === 'Express') describeRecipe('Express, as three years ago', aged(code), here);
}
