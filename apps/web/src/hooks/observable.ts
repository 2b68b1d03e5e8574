import { useLayoutEffect, useReducer } from 'preact/hooks';

/** One value that lives longer than a page. */
export interface Observable<T> {
  get(): T;
  set(value: T): void;
  /** @returns ends the subscription */
  subscribe(listener: () => void): () => void;
}

export function observable<T>(initial: T): Observable<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The value, and a new rendering whenever it changes. */
export function useObserved<T>(source: Observable<T>): T {
  const [, render] = useReducer((count: number, _: void) => count + 1, 0);
  useLayoutEffect(() => source.subscribe(() => render()), [source]);
  return source.get();
}
