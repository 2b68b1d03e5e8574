import { median } from '../../peers/peer.js';
import { closedLoop } from './loops.js';
import { VALUES_PER_STEP, type Side } from './sides.js';
import { round } from './usage.js';

/** Steps of a request with 1000 values, which is the most that MLflow takes. */
export const BATCH_STEPS = 100;

/** Medians, a second. */
export interface Rates {
  runsPerSecond: number;
  /** Values, 1000 in a request. */
  metricsPerSecond: number;
  /** Values of one step in a request. */
  stepMetricsPerSecond: number;
}

const WORK = {
  runsPerSecond: { act: (side: Side) => () => side.create(), each: 1 },
  metricsPerSecond: {
    act: (side: Side) => (connection: number) => side.log(connection, BATCH_STEPS),
    each: BATCH_STEPS * VALUES_PER_STEP,
  },
  stepMetricsPerSecond: {
    act: (side: Side) => (connection: number) => side.log(connection, 1),
    each: VALUES_PER_STEP,
  },
} satisfies Record<keyof Rates, { act: (side: Side) => (connection: number) => Promise<boolean>; each: number }>;

/** Every kind of work on every side in turn, in the other order every other time; a first round warms up and is not counted. */
export async function compareSides(
  sides: readonly Side[],
  { rounds, seconds, connections }: { rounds: number; seconds: number; connections: number },
): Promise<Map<string, Rates>> {
  const kinds = Object.keys(WORK) as (keyof Rates)[];
  const found = new Map(sides.map(({ name }) => [name, kinds.map(() => [] as number[])]));
  for (let i = 0; i <= rounds; i++) {
    for (const [k, kind] of kinds.entries())
      for (const side of i % 2 ? sides.toReversed() : sides) {
        const { act, each } = WORK[kind];
        const rate = each * (await closedLoop(connections, seconds, act(side)));
        if (i > 0) found.get(side.name)![k]!.push(rate);
      }
    if (i > 0) process.stderr.write(`round ${i}/${rounds}: ${sides.map(({ name }) => last(name, found)).join('; ')}\n`);
  }
  return new Map(
    sides.map(({ name }) => {
      const medians = kinds.map((kind, k) => [kind, round(median(found.get(name)![k]!))]);
      return [name, Object.fromEntries(medians) as Rates];
    }),
  );
}

const last = (name: string, found: ReadonlyMap<string, number[][]>): string => {
  const [runs, metrics, small] = found.get(name)!.map((rates) => rates.at(-1)!.toFixed(0));
  return `${name} ${runs} runs/s, ${metrics} and ${small} values/s`;
};
