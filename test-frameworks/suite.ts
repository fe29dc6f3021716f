/** The tests of one recipe. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { checks } from './recipe-checks.ts';
import { Recipe } from './run-recipe.ts';

/** `folder` has the packages that the recipe imports. */
export function describeRecipe(name: string, code: string, folder: string): void {
  describe(name, () => {
    let recipe: Recipe | undefined;
    beforeAll(async () => {
      recipe = await Recipe.start(code, folder);
    });
    afterAll(() => recipe?.stop());

    for (const { title, run } of checks.filter(({ of }) => of?.test(name) ?? true)) {
      it(title, async () => {
        if (recipe !== undefined) await run(recipe);
      });
    }
  });
}
