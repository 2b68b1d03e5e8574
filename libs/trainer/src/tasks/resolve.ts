import { documentHash, Optimizer, parseDocument, type FinetuneSpec } from '@orestes/contracts';
import { joinAddress, openStore } from '@orestes/storage';
import { GLUE, glueTask } from './glue.js';
import { ownTask } from './own.js';
import type { Task } from './task.js';

/** Table 3 of Dong et al. 2023, the middle of its grid; AdaMax as mt-dnn has it. */
const ADAMAX: Optimizer = {
  name: 'adamax',
  peakLearningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  weightDecay: 0.01,
  decay: 'all',
  clipNorm: 1,
};

/** A fine-tuning spec with its optimizer filled in: the run's scientific identity. */
export type ResolvedFinetune = Omit<FinetuneSpec, 'optimizer'> & { optimizer: Optimizer };

/** @throws UserError INVALID_SPEC */
export function resolveFinetune(spec: FinetuneSpec): ResolvedFinetune {
  return { ...spec, optimizer: parseDocument(Optimizer, { ...ADAMAX, ...spec.optimizer }, 'spec.optimizer') };
}

/**
 * The run's scientific identity: equal hashes mean that one run may go on where the other stopped. Checkpoint and files
 * count by content, not by where they lie; name, output and the kind of engine cannot change what is learned.
 * @param content digests of what was read
 */
export function finetuneHash(spec: ResolvedFinetune, content: { base: string; files: readonly string[] }): string {
  const { kind, seed, weights, task, optimizer, schedule, dropout } = spec;
  const { precision } = spec.engine;
  const columns =
    'glue' in task ? { glue: task.glue } : { type: task.type, text: task.text, label: task.label, header: task.header };
  return documentHash({ kind, seed, weights, columns, optimizer, schedule, dropout, precision, ...content });
}

/** The task that a spec names. GLUE's `data` is the task's folder, or the one that holds the folders of all tasks. */
export async function taskOf(task: FinetuneSpec['task']): Promise<Task> {
  if (!('glue' in task)) return ownTask(task);
  const { title } = GLUE[task.glue];
  const among = await openStore(task.data).head(`${title}/train.tsv`);
  return glueTask(task.glue, among ? joinAddress(task.data, title) : task.data);
}

/** Updates of all epochs, and those spent warming up: the share of the spec, rounded up. */
export function scheduleSteps(
  { epochs, batchSize, warmupProportion }: FinetuneSpec['schedule'],
  examples: number,
): { stepsPerEpoch: number; maxSteps: number; warmupSteps: number } {
  const stepsPerEpoch = Math.ceil(examples / batchSize);
  const maxSteps = epochs * stepsPerEpoch;
  return { stepsPerEpoch, maxSteps, warmupSteps: Math.ceil(warmupProportion * maxSteps) };
}
