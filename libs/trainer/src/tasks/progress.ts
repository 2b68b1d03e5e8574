import { readCheckpoint, saveCheckpoint, type TensorFile } from '@orestes/checkpoint';
import { UserError, type CheckpointManifest } from '@orestes/contracts';
import type { HostArrays, Specs } from '@orestes/engine';
import { joinAddress } from '@orestes/storage';
import { arraysOf, newestCheckpoint } from '../run-checkpoints.js';
import type { FinetuneContext } from './context.js';

/** What identifies the run whose checkpoints these are, and what a reader of them needs. */
export type RunOfCheckpoints = Pick<CheckpointManifest, 'recipeHash' | 'spec' | 'encoders' | 'vocabularySize'> & {
  tokenizerJson: string;
};

/** Where a run stands. */
export interface Progress {
  /** Updates done. */
  step: number;
  /** Parameters and moments. */
  arrays: HostArrays;
}

type Output = Pick<FinetuneContext, 'store' | 'report'>;

/**
 * The newest whole checkpoint in the output, or null.
 * @throws UserError CHECKPOINT_OTHER_RUN when it is of another run
 */
export async function restoreProgress(
  { store, report }: Output,
  run: RunOfCheckpoints,
  specs: Specs,
): Promise<Progress | null> {
  const latest = await newestCheckpoint(store, report);
  if (!latest) return null;
  const address = joinAddress(store.address, latest.key);
  if (latest.manifest.recipeHash !== run.recipeHash)
    throw new UserError(
      'CHECKPOINT_OTHER_RUN',
      `spec.output: ${address} is of a run with another spec, checkpoint or data (hash ${latest.manifest.recipeHash.slice(0, 12)}, this spec's is ${run.recipeHash.slice(0, 12)}); choose another output, or remove it`,
    );
  const { tensors } = await readCheckpoint(store, latest.key);
  report({ kind: 'resumed', step: latest.step, checkpoint: address });
  return { step: latest.step, arrays: arraysOf(tensors, specs, address) };
}

/** Saves parameters and moments; the checkpoint before it goes. */
export async function saveProgress(
  { store, report }: Output,
  run: RunOfCheckpoints,
  { step, arrays }: Progress,
  options: { samples: number; specs: Specs },
): Promise<void> {
  const { samples, specs } = options;
  const tensors: TensorFile = {};
  for (const [name, { shape, dtype }] of Object.entries(specs)) tensors[name] = { shape, dtype, data: arrays[name]! };
  const saved = await saveCheckpoint(store, { ...run, step, samples, tensors }, { keep: 1 });
  report({ kind: 'checkpoint', step, address: saved.address, bytes: saved.bytes });
}
