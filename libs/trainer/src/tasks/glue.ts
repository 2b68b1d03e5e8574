import type { GlueTask } from '@orestes/contracts';
import { joinAddress } from '@orestes/storage';
import type { Column, RowFormat } from './cells.js';
import type { Target, Task } from './task.js';

/** One GLUE task as its official files have it (Wang et al. 2019): 1-based columns, tabs, no quoting. */
interface GlueDefinition {
  /** The official folder, and the name in tables. */
  title: string;
  header: boolean;
  text: readonly Column[];
  label: Column;
  target: Target;
  metrics: Task['metrics'];
  /** File of each validation set; the label's column where it differs from the training file's. */
  validation: Readonly<Record<string, { file: string; label?: Column }>>;
}

const binary: Target = { type: 'classification', labels: ['0', '1'] };
const entailment: Target = { type: 'classification', labels: ['entailment', 'not_entailment'] };
const dev = { dev: { file: 'dev.tsv' } };

export const GLUE = {
  cola: {
    title: 'CoLA',
    header: false,
    text: [4],
    label: 2,
    target: binary,
    metrics: ['matthews', 'accuracy'],
    validation: dev,
  },
  sst2: {
    title: 'SST-2',
    header: true,
    text: [1],
    label: 2,
    target: binary,
    metrics: ['accuracy'],
    validation: dev,
  },
  mrpc: {
    title: 'MRPC',
    header: true,
    text: [4, 5],
    label: 1,
    target: binary,
    metrics: ['accuracy', 'f1'],
    validation: dev,
  },
  qqp: {
    title: 'QQP',
    header: true,
    text: [4, 5],
    label: 6,
    target: binary,
    metrics: ['accuracy', 'f1'],
    validation: dev,
  },
  stsb: {
    title: 'STS-B',
    header: true,
    text: [8, 9],
    label: 10,
    target: { type: 'regression', range: [0, 5], divisor: 5 },
    metrics: ['spearman', 'pearson'],
    validation: dev,
  },
  mnli: {
    title: 'MNLI',
    header: true,
    text: [9, 10],
    label: 12,
    target: { type: 'classification', labels: ['contradiction', 'entailment', 'neutral'] },
    metrics: ['accuracy'],
    validation: {
      matched: { file: 'dev_matched.tsv', label: 16 },
      mismatched: { file: 'dev_mismatched.tsv', label: 16 },
    },
  },
  qnli: {
    title: 'QNLI',
    header: true,
    text: [2, 3],
    label: 4,
    target: entailment,
    metrics: ['accuracy'],
    validation: dev,
  },
  rte: {
    title: 'RTE',
    header: true,
    text: [2, 3],
    label: 4,
    target: entailment,
    metrics: ['accuracy'],
    validation: dev,
  },
  wnli: {
    title: 'WNLI',
    header: true,
    text: [2, 3],
    label: 4,
    target: binary,
    metrics: ['accuracy'],
    validation: dev,
  },
} satisfies Record<GlueTask, GlueDefinition>;

/** @param folder holds the task's train.tsv and dev.tsv */
export function glueTask(name: GlueTask, folder: string): Task {
  const { header, text, label, target, metrics, validation }: GlueDefinition = GLUE[name];
  const rows: RowFormat = { format: 'tsv', header, text, label };
  return {
    name,
    target,
    metrics,
    train: { location: joinAddress(folder, 'train.tsv'), rows },
    validation: Object.fromEntries(
      Object.entries(validation).map(([set, v]) => [
        set,
        { location: joinAddress(folder, v.file), rows: { ...rows, label: v.label ?? label } },
      ]),
    ),
  };
}
