/** As recipes.test.ts, for frameworks that `npm run frameworks` installs. */
import { expect, it } from 'vitest';
import { heavy, readRecipes } from './recipes.ts';
import { describeRecipe } from './suite.ts';

const folder = process.env.REVERSEIT_FRAMEWORKS;
const recipes = await readRecipes();

it('has a recipe for each', () => {
  expect([...recipes.keys()]).toEqual(expect.arrayContaining([...heavy]));
});

for (const name of heavy) {
  if (folder !== undefined) describeRecipe(name, recipes.get(name) ?? '', folder);
  else it.skip(`${name}: is installed and tried by npm run frameworks`);
}
