import { UserError, type JobSpec } from '@orestes/contracts';
import { openStore, type ObjectStore } from '@orestes/storage';

/**
 * An output belongs to one job. Trainings know their own by the checkpoints; this keeps jobs of different kinds apart.
 * @throws UserError OUTPUT_OTHER_JOB
 */
export async function assertOwnOutput({ kind, output }: JobSpec): Promise<void> {
  const holder = await holderOf(openStore(output));
  if (holder === null || holder.includes(kind)) return;
  throw new UserError(
    'OUTPUT_OTHER_JOB',
    `spec.output: ${output} holds what a ${holder.join(' or ')} job wrote (this one is ${kind}); choose another output`,
  );
}

/** The kinds of job that what lies there may be of; null where nothing tells. */
async function holderOf(store: ObjectStore): Promise<readonly string[] | null> {
  if (await store.head('corpus.json')) return ['corpus'];
  if (await store.head('metrics.jsonl')) return ['pretrain', 'finetune'];
  if (await store.head('result.json')) return ['evaluate'];
  return null;
}
