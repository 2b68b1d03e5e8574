import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Acts at fixed times, whatever comes of it.
 * @param rate a second
 * @param act must not throw
 * @returns milliseconds from when each was due until it was done
 */
export async function openLoop(rate: number, seconds: number, act: (i: number) => Promise<void>): Promise<number[]> {
  const began = performance.now();
  const times: Promise<number>[] = [];
  for (let i = 0; i < rate * seconds; i++) {
    const due = began + (i * 1000) / rate;
    const early = Math.ceil(due - performance.now());
    if (early > 0) await sleep(early);
    times.push(act(i).then(() => performance.now() - due));
  }
  return Promise.all(times);
}

/**
 * Each connection acts again as soon as it is done.
 * @param act whether it went right
 * @returns acts a second that went right
 */
export async function closedLoop(
  connections: number,
  seconds: number,
  act: (connection: number) => Promise<boolean>,
): Promise<number> {
  const began = performance.now();
  let done = 0;
  const connection = async (_: unknown, i: number) => {
    while (performance.now() - began < seconds * 1000) if (await act(i)) done++;
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return (done / (performance.now() - began)) * 1000;
}

/** The smallest value that `share` of all do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
