import type { Recipe } from './recipes';

/**
 * The recipes for one visit: they are about a dialog that nobody has made yet,
 * so that they can be run again on the same store.
 */
export function forThisVisit(recipes: Recipe[]): Recipe[] {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return recipes.map((recipe) => ({ ...recipe, operation: recipe.operation.replace(ids, `"${id}"`) }));
}

/** Whether two operations are the same, maybe of two visits. */
export function isSameRecipe(a: string, b: string): boolean {
  return a.replace(ids, '') === b.replace(ids, '');
}

const ids = /"[0-9a-f]{24}"/g;
