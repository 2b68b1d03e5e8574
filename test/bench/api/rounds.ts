import { median } from '../../peers/peer.js';
import { closedLoop } from './loops.js';
import { VALUES_PER_STEP, type Side } from './sides.js';
import { cpu, round } from './usage.js';

/** Steps of a request with 1000 values, which is the most that MLflow takes. */
export const BATCH_STEPS = 100;

/** A second. */
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

/** Medians of all rounds. */
export interface SideFigures extends Rates {
  /** CPU milliseconds of a request, the side's processes and PostgreSQL together: other work on the machine changes them little. */
  cpuMs: Rates;
}

interface Turn {
  rate: number;
  cpuMs: number;
}

/** Every kind of work on every side in turn, in the other order every other time; a first round warms up and is not counted. */
export async function compareSides(
  sides: readonly Side[],
  postgres: number,
  { rounds, seconds, connections }: { rounds: number; seconds: number; connections: number },
): Promise<Map<string, SideFigures>> {
  const kinds = Object.keys(WORK) as (keyof Rates)[];
  const turns = new Map(sides.map(({ name }) => [name, kinds.map(() => [] as Turn[])]));
  for (let i = 0; i <= rounds; i++) {
    for (const [k, kind] of kinds.entries())
      for (const side of i % 2 ? sides.toReversed() : sides) {
        const { act, each } = WORK[kind];
        const used = () => cpu(side.pid) + cpu(postgres);
        const [before, began] = [used(), performance.now()];
        const requests = await closedLoop(connections, seconds, act(side));
        const cpuMs = (1000 * (used() - before)) / (requests * ((performance.now() - began) / 1000));
        if (i > 0) turns.get(side.name)![k]!.push({ rate: each * requests, cpuMs });
      }
    if (i > 0) process.stderr.write(`round ${i}/${rounds}: ${sides.map(({ name }) => last(name, turns)).join('; ')}\n`);
  }
  return new Map(
    sides.map(({ name }) => {
      const of = (figure: keyof Turn, digits: number) =>
        Object.fromEntries(
          kinds.map((kind, k) => [kind, round(median(turns.get(name)![k]!.map((turn) => turn[figure])), digits)]),
        ) as unknown as Rates;
      return [name, { ...of('rate', 0), cpuMs: of('cpuMs', 2) }];
    }),
  );
}

const last = (name: string, turns: ReadonlyMap<string, Turn[][]>): string => {
  const [runs, metrics, small] = turns.get(name)!.map((each) => each.at(-1)!.rate.toFixed(0));
  return `${name} ${runs} runs/s, ${metrics} and ${small} values/s`;
};
