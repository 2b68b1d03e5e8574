import type { Engine } from '@orestes/engine';
import type { ObjectStore } from '@orestes/storage';
import type { RunReport } from '../train-context.js';

export interface ReproduceOptions {
  /** Runs of each point. */
  seeds: number;
  /** Training steps of each run; default: the experiment's own. */
  steps?: number | undefined;
  /** Fewer points and steps and one seed: shows the machinery, and what few steps can show. */
  quick: boolean;
}

/** Of the progress, steps are those of all runs together; the values are the present run's. */
export type ReproduceReport = Extract<RunReport, { kind: 'progress' }> | { kind: 'notice'; message: string };

export interface ReproduceContext {
  engine: Engine;
  /** Where finished runs are kept, and found again. */
  store: ObjectStore;
  /** Aborted: stops after the step it is in, with INTERRUPTED. */
  signal: AbortSignal;
  report: (report: ReproduceReport) => void;
}

/** A claim of the paper, and what the numbers say. */
export interface Verdict {
  claim: string;
  shown: boolean;
  /** The numbers that decide it. */
  because: string;
}

/** Lines to draw, as @orestes/plot takes them. */
export interface Chart {
  title: string;
  x: string;
  y: string;
  scale: 'log' | 'linear';
  marks: boolean;
  points: { x: number; y: number; series: string }[];
}

/** What an experiment gives: NAME.csv (already in the store), NAME.md and the charts of NAME.svg. */
export interface Reproduction {
  name: string;
  title: string;
  csv: string;
  page: string;
  charts: Chart[];
  verdicts: Verdict[];
}

/** @throws OrestesError INTERRUPTED, DIVERGED; UserError RESULTS_UNREADABLE */
export type Experiment = (options: ReproduceOptions, ctx: ReproduceContext) => Promise<Reproduction>;
