type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * A recipe's values with a spec's overrides laid over them. `null` overrides like any value; an object that names another
 * `kind` replaces the recipe's whole, since the fields of one kind mean nothing in another.
 */
export function merged(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isObject(base) || !isObject(over)) return over;
  if (over['kind'] !== undefined && over['kind'] !== base['kind']) return over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(keys.map((key) => [key, merged(base[key], over[key])]));
}
