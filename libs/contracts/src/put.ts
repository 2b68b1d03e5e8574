/**
 * Puts a value at a dotted path of a document, making the objects on the way; what stood there otherwise is replaced.
 * @param path for example `schedule.maxSteps`
 */
export function putAt(root: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  let object = root;
  for (const key of keys.slice(0, -1)) {
    const next = Object.hasOwn(object, key) ? object[key] : undefined;
    const inner = isRecord(next) ? next : {};
    define(object, key, inner);
    object = inner;
  }
  define(object, keys.at(-1)!, value);
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Sets an own property, whatever its name. */
const define = (object: object, key: string, value: unknown) =>
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
