import { predictions, probabilities, type Scored, type TaskShape } from './measure.js';

/** A cell of a TSV without quoting. */
const cell = (text: string) => text.replaceAll(/[\t\r\n]/g, ' ');

/**
 * predictions.tsv: set, line in its file, the right label and the predicted one, then the probability of every class; for a
 * regression the right score and the predicted one.
 */
export function predictionsTsv(task: TaskShape, sets: readonly Scored[]): string {
  const labels = task.labels;
  const header = ['set', 'line', 'actual', 'predicted', ...(labels ?? []).map((l) => `p(${cell(l)})`)];
  const rows = sets.flatMap(({ set, examples, outputs }) => {
    const predicted = predictions(task, outputs);
    return examples.map(({ line, target }, row) => {
      const named = (value: number) => (labels ? cell(labels[value]!) : String(value));
      const logits = labels ? outputs.subarray(row * labels.length, (row + 1) * labels.length) : null;
      const each = logits ? probabilities(logits).map((p) => p.toFixed(6)) : [];
      return [set, line, named(target), named(predicted[row]!), ...each];
    });
  });
  return [header, ...rows].map((fields) => `${fields.join('\t')}\n`).join('');
}
