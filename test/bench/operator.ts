import { whyNoCluster, whyNoModule } from '@orestes/dev-cluster';
import { benchOptions, numberOption, usage } from '../support/options.js';
import { Faults } from './api/faults.js';
import { round } from './api/usage.js';
import { comparison, medians, printTable } from './operator/figures.js';
import { PEER, SIDES, type SideName } from './operator/sides.js';
import { printPods, takePods, type PodsFigures, type PodsSetting } from './operator/pods.js';
import { takeTurn, type Turn, type TurnFigures } from './operator/turn.js';

/**
 * The control path alone: etcd, apiserver, service and operator, without scheduler, kubelet and job controller, which this
 * process stands in for. Jobs go from their submission to their Job unsuspended, against quotas. In turns with the least
 * reconciler on Go's controller-runtime, which makes the same Jobs of the same objects (test/bench/operator/peer). Each turn has a
 * cluster of its own.
 *
 * With --pods: the whole path, with scheduler, job controller and simulated nodes, to completion; in turn with the same Jobs made
 * without Orestes. The last line is one JSON object of all figures; it fails for wrong outcomes, never for slow ones.
 */
const values = benchOptions({
  jobs: { type: 'string', default: '1000' },
  queues: { type: 'string', default: '10' },
  qps: { type: 'string', multiple: true, default: ['unlimited'] },
  rounds: { type: 'string', default: '1' },
  rate: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '20' },
  connections: { type: 'string', default: '32' },
  pods: { type: 'string', default: '0' },
  nodes: { type: 'string', default: '1000' },
  hosts: { type: 'string', default: '25' },
  side: { type: 'string', multiple: true, default: ['orestes', 'peer'] },
});
type NumberName = 'jobs' | 'queues' | 'rounds' | 'rate' | 'seconds' | 'connections' | 'nodes' | 'hosts' | 'pods';
const number = (name: NumberName, least = 1) => numberOption(name, values[name], least);
const turn: Turn = {
  ...{ jobs: number('jobs'), queues: number('queues'), connections: number('connections') },
  ...{ rate: number('rate'), seconds: number('seconds') },
};
const rounds = number('rounds');
const pods: PodsSetting = {
  ...{ pods: number('pods', 0), nodes: number('nodes'), hosts: number('hosts'), connections: number('connections') },
};
const limits = values.qps.map((text) => (text === 'unlimited' ? null : numberOption('qps', text, 1)));
const names = values.side.map((name) => {
  if (name in SIDES) return name as SideName;
  return usage(`--side: ${name} is not known (allowed: ${Object.keys(SIDES).join(', ')})`);
});

const faults = new Faults();

async function oneTurn(name: SideName, qps: number | null): Promise<TurnFigures> {
  const side = await SIDES[name]({ queues: turn.queues, qps });
  try {
    return await takeTurn(side, turn, faults);
  } finally {
    await side.stop();
  }
}

/** Every side in turn, in the other order every other time. */
async function compare(qps: number | null): Promise<Map<SideName, TurnFigures>> {
  const turns = new Map(names.map((name) => [name, [] as TurnFigures[]]));
  for (let i = 0; i < rounds; i++)
    for (const name of i % 2 ? names.toReversed() : names) {
      const figures = await oneTurn(name, qps);
      turns.get(name)!.push(figures);
      process.stderr.write(`round ${i + 1}/${rounds}: ${name} ${figures.jobsPerSecond} jobs/s\n`);
    }
  return new Map([...turns].map(([name, all]) => [name, medians(all)]));
}

async function comparePods(): Promise<object> {
  const sides = new Map<string, PodsFigures>();
  for (const name of ['plain', 'orestes'] as const) sides.set(name, await takePods(name, pods, faults));
  printPods(sides, pods);
  const [ours, plain] = [sides.get('orestes')!, sides.get('plain')!];
  return { ...Object.fromEntries(sides), podsRatio: round(ours.podsPerSecond / plain.podsPerSecond, 2), setting: pods };
}

async function main(): Promise<void> {
  const reason = whyNoCluster() ?? (names.includes('peer') ? whyNoModule(PEER) : null);
  if (reason !== null) return void process.stderr.write(`skipped: ${reason}\n`);
  const figures: Record<string, object> = {};
  if (pods.pods > 0) figures['pods'] = await comparePods();
  else
    for (const qps of limits) {
      const sides = await compare(qps);
      printTable(sides, turn, qps);
      figures[qps === null ? 'unlimited' : `qps${qps}`] = comparison(sides);
    }
  if (faults.count > 0) {
    process.stderr.write(`${faults.count} answers or outcomes were not what they should be\n`);
    process.exitCode = 1;
  }
  process.stdout.write(`${JSON.stringify({ ...figures, setting: { ...turn, rounds }, faults: faults.count })}\n`);
}

void main();
