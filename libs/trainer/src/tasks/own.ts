import type { OwnTask } from '@orestes/contracts';
import type { Task } from './task.js';

/** The user's own task as a Task. Its classes are those of the training rows; its scores are standardised. */
export function ownTask(spec: OwnTask): Task {
  const rows = { format: spec.format, header: spec.header, text: spec.text, label: spec.label };
  return {
    name: spec.name,
    target:
      spec.type === 'classification'
        ? { type: 'classification', labels: null }
        : { type: 'regression', range: null, divisor: null },
    metrics: spec.type === 'classification' ? ['accuracy', 'matthews'] : ['spearman', 'pearson'],
    train: { location: spec.train, rows },
    validation: { dev: { location: spec.validation, rows } },
  };
}
