import { recipes, type Recipe } from '@orestes/trainer';
import { UserError } from '@orestes/contracts';
import { print, printJson, table } from '../output.js';

/** Lists the recipes, or shows every value of one. */
export function showRecipes(name: string | undefined, { json }: { json: boolean }): void {
  const all: Record<string, Recipe> = recipes;
  if (name !== undefined && !Object.hasOwn(all, name))
    throw new UserError('RECIPE_UNKNOWN', `recipe: ${name} is not known (allowed: ${Object.keys(all).join(', ')})`);
  if (name !== undefined) return json ? printJson(all[name]) : print(JSON.stringify(all[name], null, 2));
  if (json) return printJson(all);
  print(
    table(
      ['recipe', 'sizes', 'what it is'],
      Object.entries(all).map(([key, r]) => [key, Object.keys(r.sizes).join(' '), r.summary]),
    ),
  );
}
