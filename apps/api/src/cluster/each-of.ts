/** Requests to the apiserver under way at a time. */
const AT_ONCE = 32;

/** Does something with each item, some at a time, and all of them also where one fails. @throws the first error */
export async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  let next = 0;
  const one = async () => {
    for (let i = next++; i < items.length; i = next++)
      await act(items[i]!).catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, one));
  if (errors.length > 0) throw errors[0];
}
