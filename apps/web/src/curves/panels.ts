import { metricsIn, samplesOf, type Curves, type Samples } from './curves.js';

/** Colours by what a curve is of: G, D, or neither. Each is a custom property of style/tokens.css. */
export type Tone = 'g' | 'd' | 'other' | 'third' | 'fourth' | `job-${number}`;

export interface Line extends Samples {
  /** What it is of; train and validation of the same have the same. */
  name: string;
  tone: Tone;
  /** Train: thin and many points. Validation: few points, marked and joined by a dashed line. */
  split: 'train' | 'validation';
}

interface Curve {
  metric: string;
  label: string;
  tone: Tone;
}

/** One chart. */
export interface Panel {
  title: string;
  curves: readonly Curve[];
}

const curve = (metric: string, label: string, tone: Tone): Curve => ({ metric, label, tone });

/** The losses of G and D differ tenfold, so each has a chart, and a scale, of its own. */
const PANELS: readonly Panel[] = [
  { title: 'Loss of G (MLM)', curves: [curve('mlm_loss', 'G', 'g')] },
  { title: 'Loss of D (RTD)', curves: [curve('rtd_loss', 'D', 'd')] },
  { title: 'Loss', curves: [curve('loss', 'loss', 'd'), curve('train_loss', 'train, mean of the epoch', 'third')] },
  { title: 'Replaced rate', curves: [curve('replaced_rate', 'of masked tokens', 'g')] },
  {
    title: 'F1 and AUROC',
    curves: [curve('rtd_f1', 'F1 of D', 'd'), curve('rtd_auroc', 'AUROC of D', 'third'), curve('f1', 'F1', 'd')],
  },
  {
    title: 'Accuracy',
    curves: [
      curve('mlm_accuracy', 'G (MLM)', 'g'),
      curve('rtd_accuracy', 'D (RTD)', 'd'),
      curve('accuracy', 'accuracy', 'd'),
    ],
  },
  {
    title: 'Correlation',
    curves: [
      curve('matthews', 'Matthews', 'd'),
      curve('pearson', 'Pearson', 'third'),
      curve('spearman', 'Spearman', 'fourth'),
    ],
  },
  {
    title: 'Learning rate',
    curves: [
      curve('learning_rate/generator', 'G', 'g'),
      curve('learning_rate/discriminator', 'D', 'd'),
      curve('learning_rate/joint', 'joint', 'other'),
      curve('learning_rate', 'learning rate', 'd'),
    ],
  },
  {
    title: 'Gradient norm',
    curves: [
      curve('grad_norm/generator', 'G', 'g'),
      curve('grad_norm/discriminator', 'D', 'd'),
      curve('grad_norm/joint', 'joint', 'other'),
      curve('grad_norm', 'gradient norm', 'd'),
    ],
  },
  { title: 'Tokens per second', curves: [curve('tokens_per_second', 'tokens/s', 'other')] },
  { title: 'Waiting for data', curves: [curve('data_wait', 'share of the time', 'other')] },
];

/** Comes with the held-out measures of an epoch, and yet is of training. */
const OF_TRAINING = ['train_loss'];

/** How a metric that was reported with a split is drawn. */
export const splitOf = (metric: string, reported: Line['split']): Line['split'] =>
  OF_TRAINING.includes(metric) ? 'train' : reported;

/** What places a step, and measures nothing. */
const NO_MEASURE = ['epoch', 'samples', 'sample_ids'];

/** The panels that these curves fill; a metric that no panel knows, as MNLI's two sets, gets one of its own. */
export function panelsFor(curves: Curves): Panel[] {
  const names = metricsIn(curves).filter((name) => !NO_MEASURE.includes(name));
  const known = new Set(PANELS.flatMap((panel) => panel.curves.map(({ metric }) => metric)));
  const own = names
    .filter((name) => !known.has(name))
    .map((name) => ({ title: name, curves: [curve(name, name, 'd')] }));
  const filled = PANELS.map((panel) => ({ ...panel, curves: panel.curves.filter((c) => names.includes(c.metric)) }));
  return [...filled.filter((panel) => panel.curves.length > 0), ...own];
}

/** A panel's lines, train before validation. */
export function linesOf({ curves: chosen }: Panel, curves: Curves): Line[] {
  return chosen.flatMap(({ metric, label, tone }) =>
    (['train', 'validation'] as const)
      .map((split) => ({ name: label, tone, split: splitOf(metric, split), ...samplesOf(curves, split, metric) }))
      .filter((line) => line.steps.length > 0),
  );
}

/** The order of panels, for choosing among metrics; what no panel knows comes last. */
export function sortedMetrics(names: Iterable<string>): string[] {
  const order = PANELS.flatMap((panel) => panel.curves.map(({ metric }) => metric));
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...new Set(names)].filter((name) => !NO_MEASURE.includes(name)).sort((a, b) => place(a) - place(b));
}
