import type { JobSpec } from '@orestes/contracts';
import { assertOwnOutput } from './own-output.js';
import { corpus } from './corpus.js';
import { evaluate } from './evaluate.js';
import { finetune } from './finetune.js';
import { pretrain } from './pretrain.js';
import type { JobContext } from './report.js';

type Job<K extends JobSpec['kind']> = (spec: Extract<JobSpec, { kind: K }>, ctx: JobContext) => Promise<unknown>;

const jobs = { corpus, pretrain, finetune, evaluate } satisfies { [K in JobSpec['kind']]: Job<K> };

/**
 * Runs a job in this process, to its end.
 * @returns the job's result, which is also in its output as result.json (a corpus: corpus.json)
 * @throws OrestesError, of which UserError means that the spec or a file it names is at fault
 */
export async function runJob(spec: JobSpec, ctx: JobContext): Promise<unknown> {
  await assertOwnOutput(spec);
  const job = jobs[spec.kind] as Job<JobSpec['kind']>;
  return job(spec, ctx);
}
