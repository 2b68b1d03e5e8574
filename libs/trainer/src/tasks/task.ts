import type { RowFormat } from './cells.js';
import { invalidFile, keep, noUsableRow, shown, UnusableRow, type DroppedRows } from './dropped.js';
import { readRows, type Rows } from './rows.js';
import type { MetricName } from './metrics.js';

/** What a label stands for. Classes are numbered by their place in `labels`. */
export type Target =
  | {
      type: 'classification';
      /** null: those of the training rows, sorted; a validation row with another one is refused. */
      labels: readonly string[] | null;
    }
  | {
      type: 'regression';
      /** Smallest and largest allowed score. */
      range: readonly [number, number] | null;
      /** The model learns score / divisor; null: it learns (score - mean) / standard deviation of the training rows. */
      divisor: number | null;
    };

export interface TaskFile {
  /** Path, file:// or s3:// address. */
  location: string;
  rows: RowFormat;
}

/** A labelled task: where its rows lie and how it is measured. */
export interface Task {
  name: string;
  target: Target;
  /** The first is the task's own measure. */
  metrics: readonly [MetricName, ...MetricName[]];
  train: TaskFile;
  /** By name of the set; a task's measures are the means over its sets. */
  validation: Readonly<Record<string, TaskFile>>;
}

export interface Example {
  /** 1-based, in its file. */
  line: number;
  /** One text, or two of a pair. */
  text: readonly string[];
  /** Number of the class, or the score in the file's unit. */
  target: number;
}

export interface LoadedTask {
  name: string;
  metrics: Task['metrics'];
  /** Names of the classes; null for a regression. */
  labels: readonly string[] | null;
  /** The model learns (target - shift) / scale; 0 and 1 for classes. */
  shift: number;
  scale: number;
  train: Example[];
  validation: { set: string; examples: Example[] }[];
  dropped: { file: string; rows: DroppedRows }[];
}

/** More classes than this are a mistaken column. */
const MAX_LABELS = 1000;

/**
 * Reads all rows of a task.
 * @param read the bytes at a location
 * @throws UserError TASK_FILE_INVALID, and what `read` throws
 */
export async function loadTask(task: Task, read: (location: string) => Promise<Uint8Array>): Promise<LoadedTask> {
  const rowsOf = async ({ location, rows }: TaskFile) => readRows(await read(location), location, rows);
  const trainRows = await rowsOf(task.train);
  const target = withLabels(task.target, trainRows);
  const train = examples(trainRows, target, 'drop');
  const unseen = task.target.type === 'classification' && task.target.labels === null ? 'refuse' : 'drop';
  const validation: LoadedTask['validation'] = [];
  const files = [trainRows];
  for (const [set, file] of Object.entries(task.validation)) {
    const rows = await rowsOf(file);
    validation.push({ set, examples: examples(rows, target, unseen) });
    files.push(rows);
  }
  return {
    name: task.name,
    metrics: task.metrics,
    labels: target.type === 'classification' ? target.labels : null,
    ...normalization(target, train),
    train,
    validation,
    dropped: files.map(({ file, dropped }) => ({ file, rows: dropped })),
  };
}

function withLabels(target: Target, train: Rows) {
  if (target.type === 'regression') return target;
  const labels = target.labels ?? [...new Set(train.rows.map((r) => r.label))].sort();
  if (labels.length < 2)
    throw invalidFile(train.file, `every row has the label ${shown(labels[0] ?? '')} (at least 2 are needed)`);
  if (labels.length > MAX_LABELS)
    throw invalidFile(
      train.file,
      `${labels.length} different labels (at most ${MAX_LABELS}; type regression takes scores)`,
    );
  return { type: target.type, labels };
}

type KnownTarget = ReturnType<typeof withLabels>;

function examples(
  { file, rows, dropped, headerLabel }: Rows,
  target: KnownTarget,
  unseen: 'drop' | 'refuse',
): Example[] {
  if (headerLabel !== null && isTarget(headerLabel, target))
    throw invalidFile(file, `a header is expected, and this line is a row with the label ${shown(headerLabel)}`, 1);
  const result: Example[] = [];
  for (const { line, text, label } of rows) {
    if (unseen === 'refuse' && !isTarget(label, target))
      throw invalidFile(
        file,
        `no training row has the label ${shown(label)} (allowed: ${allowedLabels(target)})`,
        line,
      );
    keep(dropped, line, () => result.push({ line, text, target: parseTarget(label, target) }));
  }
  if (result.length === 0) throw noUsableRow(file, dropped);
  return result;
}

function isTarget(label: string, target: KnownTarget): boolean {
  try {
    parseTarget(label, target);
    return true;
  } catch (error) {
    if (error instanceof UnusableRow) return false;
    throw error;
  }
}

function parseTarget(label: string, target: KnownTarget): number {
  if (target.type === 'classification') {
    const at = target.labels.indexOf(label);
    if (at < 0) throw new UnusableRow(`label ${shown(label)} is not one of ${allowedLabels(target)}`);
    return at;
  }
  const score = Number(label);
  const [low, high] = target.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  if (!Number.isFinite(score)) throw new UnusableRow(`score ${shown(label)} is not a number`);
  if (score < low || score > high) throw new UnusableRow(`score ${shown(label)} is not between ${low} and ${high}`);
  return score;
}

const allowedLabels = (target: KnownTarget): string =>
  target.type === 'classification' ? target.labels.slice(0, 50).map(shown).join(', ') : 'a number';

function normalization(target: KnownTarget, train: readonly Example[]): { shift: number; scale: number } {
  if (target.type === 'classification') return { shift: 0, scale: 1 };
  if (target.divisor !== null) return { shift: 0, scale: target.divisor };
  const shift = train.reduce((sum, e) => sum + e.target, 0) / train.length;
  const variance = train.reduce((sum, e) => sum + (e.target - shift) ** 2, 0) / train.length;
  return { shift, scale: Math.sqrt(variance) || 1 };
}
