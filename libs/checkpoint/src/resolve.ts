import { UserError } from '@orestes/contracts';
import { type ObjectStore, openStore } from '@orestes/storage';
import { MANIFEST } from './layout.js';
import { latestCheckpoint } from './list.js';

/** A checkpoint in its store: what readCheckpoint takes. */
export interface CheckpointPlace {
  store: ObjectStore;
  /** '' when the store's root is the checkpoint itself. */
  key: string;
}

/**
 * Finds the checkpoint that an address means: the address of a checkpoint, or of a run's output, which means its newest
 * whole one.
 * @throws UserError CHECKPOINT_MISSING, ADDRESS_INVALID
 */
export async function resolveCheckpoint(address: string): Promise<CheckpointPlace> {
  const store = openStore(address);
  if (await store.head(MANIFEST)) return { store, key: '' };
  const latest = await latestCheckpoint(store);
  if (latest) return { store, key: latest.key };
  throw new UserError(
    'CHECKPOINT_MISSING',
    `${store.address}: there is no checkpoint (needed: the output of a pretraining run that has saved one, or the folder of a checkpoint)`,
  );
}
