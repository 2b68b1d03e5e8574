import type { JobMetric } from '@orestes/contracts';
import { lineCharts, type Panel, type Point } from '@orestes/plot';

/** Averages so many neighbouring records, for a line that can be read. */
const SMOOTHED = 5;

function curve(records: readonly JobMetric[], split: JobMetric['split'], metric: string, series: string): Point[] {
  const all = records.flatMap(({ step, split: s, values }) => {
    const y = values[metric];
    return s === split && typeof y === 'number' ? [{ x: step, y, series }] : [];
  });
  if (split === 'validation') return all;
  // The last one takes the rest: a point of one record would stick out.
  const count = Math.floor(all.length / SMOOTHED);
  const chunks = Array.from({ length: count }, (_, i) =>
    all.slice(i * SMOOTHED, i === count - 1 ? undefined : (i + 1) * SMOOTHED),
  );
  return chunks.map((c) => ({ x: c.at(-1)!.x, y: c.reduce((sum, p) => sum + p.y, 0) / c.length, series }));
}

const pair = (records: readonly JobMetric[], metric: string): Point[] => [
  ...curve(records, 'train', metric, 'training'),
  ...curve(records, 'validation', metric, 'held out'),
];

/** Losses of both models, and what the discriminator detects, over the steps: SVG. */
export function plotCurves(records: readonly JobMetric[]): Promise<string> {
  const panel = (title: string, y: string, points: Point[]): Panel => ({ title, x: 'step', y, points });
  return lineCharts('Pretraining with decoupled optimizers', [
    panel('Generator: masked language model', 'loss (nats)', pair(records, 'mlm_loss')),
    panel('Discriminator: replaced token detection', 'loss (nats)', pair(records, 'rtd_loss')),
    panel('Discriminator: area under the ROC curve', 'AUROC', pair(records, 'rtd_auroc')),
    panel('Share of masked tokens that the generator replaced', 'rate', pair(records, 'replaced_rate')),
  ]);
}
