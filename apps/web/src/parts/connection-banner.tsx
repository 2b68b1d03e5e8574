import { useEffect } from 'preact/hooks';
import { ApiDown, Refused } from '../api/client.js';
import { connected } from '../api/connection.js';
import { probe } from '../api/service.js';
import { useObserved } from '../hooks/observable.js';
import { sleep } from '../hooks/waiting.js';

const EVERY = 2000;

/** Says that the API is down; asks until it is back, then goes away. */
export function ConnectionBanner() {
  const up = useObserved(connected);
  useEffect(() => {
    if (up) return;
    const stop = new AbortController();
    void askUntilUp(stop.signal);
    return () => stop.abort();
  }, [up]);
  return (
    <div role="status" aria-label="Connection">
      {!up && (
        <p class="banner">
          <strong>The service does not answer.</strong> What you see may be old. Trying again every 2 s; jobs go on
          without these pages.
        </p>
      )}
    </div>
  );
}

async function askUntilUp(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(EVERY, signal);
    try {
      await probe(signal);
      return;
    } catch (error) {
      const expected = signal.aborted || error instanceof ApiDown || error instanceof Refused;
      if (!expected) throw error;
    }
  }
}
