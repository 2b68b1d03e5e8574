import { documentHash } from '@orestes/contracts';
import { recipeHash } from '../recipes/resolve.js';
import type { ReproduceOptions } from './experiment.js';
import { ToyCorpus } from './toy-corpus.js';
import { toySpec, type Setting } from './toy-models.js';

/** One run of figure 3. */
export interface Fig3Run extends Setting {
  panel: 'lambda' | 'eta' | 'standalone';
}

/** What figure 3 runs, in full or quick. */
export interface Fig3Plan {
  quick: boolean;
  steps: number;
  /** Batches that each run is measured on. */
  heldOut: number;
  seeds: number;
  lambdas: readonly number[];
  /** Peak learning rates of G, falling. */
  etas: readonly number[];
  /** The frozen generator that every D of the eta panel is measured against. */
  standalone: Fig3Run;
  runs: Fig3Run[];
}

export const LAMBDA_DESIGNS = ['decoupled', 'shared', 'clipped'] as const;

/** One learning rate for both models where lambda is varied, so that the designs differ in their optimizers alone. */
export const LAMBDA_ETA = 1e-3;
/** D's learning rate, and lambda, where eta_G is varied. */
export const ETA_D = 3e-3;
export const ETA_LAMBDA = 50;

const LAMBDAS = [1, 50, 200];
const FULL = { steps: 3000, heldOut: 64, etas: [5e-3, 2e-3, 8e-4, 3e-4, 1.2e-4, 5e-5, 2e-5] };
const QUICK = { steps: 40, heldOut: 16, etas: [5e-3, 1e-3, 2e-5] };

/** Varying lambda shows in fewer steps than varying eta_G. */
const LAMBDA_SHARE = 0.3;

/** A seed of its own: the standalone generator is nobody's twin. */
const STANDALONE_SEED = 1001;
const STANDALONE_ETA = 5e-3;
/** Longer training than of those it measures. */
const STANDALONE_SHARE = 2;

export function fig3Plan(options: ReproduceOptions): Fig3Plan {
  const { steps: usual, heldOut, etas } = options.quick ? QUICK : FULL;
  const steps = options.steps ?? usual;
  const seeds = options.quick ? 1 : options.seeds;
  const perSeed = (seed: number): Fig3Run[] => [
    ...etas.map((etaG) => eta({ etaG, steps, heldOut, seed })),
    ...LAMBDA_DESIGNS.flatMap((design) =>
      LAMBDAS.map((lossWeight) => lambda({ design, lossWeight, steps: lambdaSteps({ steps }), heldOut, seed })),
    ),
  ];
  const standalone: Fig3Run = {
    panel: 'standalone',
    design: 'standalone',
    lossWeight: 1,
    etaG: STANDALONE_ETA,
    etaD: STANDALONE_ETA,
    steps: STANDALONE_SHARE * steps,
    heldOut,
    seed: STANDALONE_SEED,
  };
  const runs = [standalone, ...Array.from({ length: seeds }, (_, i) => perSeed(i + 1)).flat()];
  return { quick: options.quick, steps, heldOut, seeds, lambdas: LAMBDAS, etas, standalone, runs };
}

/** Steps of the runs that vary lambda. */
export const lambdaSteps = (plan: Pick<Fig3Plan, 'steps'>): number => Math.ceil(LAMBDA_SHARE * plan.steps);

const eta = (vary: Pick<Setting, 'etaG' | 'steps' | 'heldOut' | 'seed'>): Fig3Run => ({
  panel: 'eta',
  design: 'decoupled',
  lossWeight: ETA_LAMBDA,
  etaD: ETA_D,
  ...vary,
});

const lambda = (vary: Pick<Setting, 'design' | 'lossWeight' | 'steps' | 'heldOut' | 'seed'>): Fig3Run => ({
  panel: 'lambda',
  etaG: LAMBDA_ETA,
  etaD: LAMBDA_ETA,
  ...vary,
});

/** Identifies a run by all that its numbers depend on: its spec, its corpus, and what it is measured against. */
export function runId(run: Fig3Run, standalone: Fig3Run, corpus: ToyCorpus): string {
  const identity = (r: Fig3Run) => {
    const spec = toySpec(r);
    return { recipe: recipeHash(spec, corpus.digest), evaluation: spec.evaluation.batches };
  };
  const against = run.panel === 'eta' ? identity(standalone) : null;
  return documentHash({ ...identity(run), panel: run.panel, against }).slice(0, 16);
}
