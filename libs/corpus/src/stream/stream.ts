import type { ObjectStore } from '@orestes/storage';
import type { PretrainBatch } from './batch.js';
import type { StreamPlan } from './plan.js';
import { readBatches } from './read-batches.js';
import { threadFile, ThreadedBatches } from './threaded.js';

/** Batches in order, to be read once. Leaving a `for await` loop closes it. */
export interface BatchStream extends AsyncIterableIterator<PretrainBatch> {
  /** Stops reading ahead and frees what was read; the stream is at its end then. */
  close(): Promise<void>;
}

/**
 * Starts a stream.
 * @param address where a thread opens the store again; null: batches are made in this thread
 */
export function startStream(store: ObjectStore, address: string | null, plan: StreamPlan): BatchStream {
  const file = address === null ? null : threadFile();
  if (file === null || address === null) return inline(store, plan);
  return new ThreadedBatches(file, { address, plan });
}

function inline(store: ObjectStore, plan: StreamPlan): BatchStream {
  const batches = readBatches(store, plan);
  return Object.assign(batches, {
    close: async () => {
      await batches.return(undefined);
    },
  });
}
