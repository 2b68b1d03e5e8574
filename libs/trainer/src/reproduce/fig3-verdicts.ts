import type { Verdict } from './experiment.js';
import type { Fig3Result } from './fig3.js';
import { LAMBDA_DESIGNS, lambdaSteps, type Fig3Plan } from './fig3-runs.js';
import { clearlyAbove, shown, spread, type Spread } from './statistics.js';

/** lambda "controls" G when it covers more than this share of what eta_G covers. */
const CONTROL_SHARE = 0.25;

export type LambdaDesign = (typeof LAMBDA_DESIGNS)[number];

/** Statistics over the seeds, by what a panel varies. */
export class Fig3Statistics {
  constructor(private readonly results: readonly Fig3Result[]) {}

  /** G's loss by lambda. */
  loss(design: LambdaDesign, lossWeight: number): Spread {
    return spread(this.lambdaRuns(design, lossWeight).map((r) => r.mlmLoss));
  }

  lambdaRuns(design: LambdaDesign, lossWeight?: number): Fig3Result[] {
    return this.results.filter(
      (r) => r.panel === 'lambda' && r.design === design && (lossWeight ?? r.lossWeight) === r.lossWeight,
    );
  }

  /** G's loss, and D's AUROC against the standalone generator and its own, by eta_G. */
  eta(etaG: number): { loss: Spread; standalone: Spread; own: Spread } {
    const runs = this.results.filter((r) => r.panel === 'eta' && r.etaG === etaG);
    return {
      loss: spread(runs.map((r) => r.mlmLoss)),
      standalone: spread(runs.map((r) => r.aurocStandalone!)),
      own: spread(runs.map((r) => r.aurocOwn!)),
    };
  }
}

/** The paper's claims, decided by the numbers alone. */
export function fig3Verdicts(plan: Fig3Plan, results: readonly Fig3Result[]): Verdict[] {
  const statistics = new Fig3Statistics(results);
  return [
    lambdaIdle(plan, statistics),
    lambdaWeak(plan, statistics),
    jointClip(plan, statistics),
    etaControls(plan, statistics),
    interiorPeak(plan, statistics),
  ];
}

function lambdaIdle(plan: Fig3Plan, statistics: Fig3Statistics): Verdict {
  const runs = statistics.lambdaRuns('decoupled');
  const generators = new Set(runs.map((r) => `${r.seed} ${r.generator} ${r.mlmLoss}`)).size;
  const identical = generators === plan.seeds;
  return {
    claim: 'With separate embeddings and decoupled optimizers lambda does not touch the generator',
    shown: identical,
    because: `G's parameters after ${lambdaSteps(plan)} steps are ${identical ? 'the same bits' : 'not the same bits'} for lambda ${plan.lambdas.join(', ')}, ${counted(plan.seeds, 'seed')}; loss ${shown(statistics.loss('decoupled', plan.lambdas[0]!), 4)}`,
  };
}

function lambdaWeak(plan: Fig3Plan, statistics: Fig3Statistics): Verdict {
  const byLambda = plan.lambdas.map((l) => statistics.loss('shared', l).mean);
  const byEta = plan.etas.map((e) => statistics.eta(e).loss.mean);
  const [lambdaRange, etaRange] = [rangeOf(byLambda), rangeOf(byEta)];
  return {
    claim: 'With a shared embedding and one optimizer (the original design) lambda does not control the generator',
    shown: lambdaRange < CONTROL_SHARE * etaRange,
    because: `over lambda ${plan.lambdas.join(', ')} its loss covers ${lambdaRange.toFixed(3)} nats, ${((100 * lambdaRange) / etaRange).toFixed(0)}% of the ${etaRange.toFixed(3)} that eta_G covers (bar: ${100 * CONTROL_SHARE}%)`,
  };
}

function jointClip(plan: Fig3Plan, statistics: Fig3Statistics): Verdict {
  const [least, most] = [plan.lambdas[0]!, plan.lambdas.at(-1)!];
  const [low, high] = [least, most].map((lambda) => statistics.lambdaRuns('clipped', lambda));
  // Runs of one seed share initial values, sequences and masks: they are compared with each other.
  const rise = spread(high!.map((run) => run.mlmLoss - low!.find(({ seed }) => seed === run.seed)!.mlmLoss));
  return {
    claim: 'Clipping one joint norm lets a large lambda throttle the generator',
    shown: rise.mean > (rise.std ?? 0),
    because: `from lambda ${least} to ${most} its loss rises by ${shown(rise)}, seed by seed`,
  };
}

function etaControls(plan: Fig3Plan, statistics: Fig3Statistics): Verdict {
  const losses = plan.etas.map((e) => statistics.eta(e).loss);
  const monotone = losses.slice(1).every((loss, i) => loss.mean > losses[i]!.mean);
  return {
    claim: 'The generator learning rate controls the generator over its whole range',
    shown: monotone,
    because: `loss from ${shown(losses[0]!)} at eta_G ${plan.etas[0]} to ${shown(losses.at(-1)!)} at ${plan.etas.at(-1)}, ${monotone ? 'rising at every point between' : 'not rising at every point between'}`,
  };
}

function interiorPeak(plan: Fig3Plan, statistics: Fig3Statistics): Verdict {
  const aurocs = plan.etas.map((e) => statistics.eta(e).standalone);
  const best = aurocs.reduce((at, a, i) => (a.mean > aurocs[at]!.mean ? i : at), 0);
  const [first, peak, last] = [aurocs[0]!, aurocs[best]!, aurocs.at(-1)!];
  const interior = best > 0 && best < aurocs.length - 1;
  const rises = aurocs.slice(1, best + 1).every((a, i) => a.mean > aurocs[i]!.mean);
  const falls = aurocs.slice(best + 1).every((a, i) => a.mean < aurocs[best + i]!.mean);
  const where = interior ? `interior peak at eta_G ${plan.etas[best]}` : `best at the end, eta_G ${plan.etas[best]}`;
  const shape =
    rises && falls ? 'one peak, rising before it and falling after it' : 'not falling everywhere on both sides';
  return {
    claim: 'The discriminator is best at an interior eta_G: a stronger generator helps first and hurts then',
    shown: interior && clearlyAbove(peak, first) && clearlyAbove(peak, last),
    because: `${where}: AUROC ${shown(peak)}, against ${shown(first)} at ${plan.etas[0]} and ${shown(last)} at ${plan.etas.at(-1)}; ${shape}`,
  };
}

const rangeOf = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

export const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
