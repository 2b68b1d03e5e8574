/** Resolves after so many milliseconds, or at once when the signal aborts. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}

/** Resolves while the page is seen: a tab in the background asks for nothing and holds no connection. */
export function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (!document.hidden || signal.aborted) return resolve();
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
  });
}

/** Aborts with `outer`, and as soon as the page is not seen. `release` drops the listeners. */
export function whileSeen(outer: AbortSignal): { signal: AbortSignal; release: () => void } {
  const inner = new AbortController();
  const look = () => {
    if (document.hidden || outer.aborted) inner.abort();
  };
  document.addEventListener('visibilitychange', look);
  outer.addEventListener('abort', look);
  look();
  return {
    signal: inner.signal,
    release: () => {
      document.removeEventListener('visibilitychange', look);
      outer.removeEventListener('abort', look);
      inner.abort();
    },
  };
}
