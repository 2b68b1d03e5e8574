import { CorpusManifest, FinetuneResult, parseDocument, type WorkSpec } from '@orestes/contracts';
import { Corpus, Job, Model, newId, Result } from '@orestes/database';
import type { EntityManager } from 'typeorm';
import { ProblemError } from '../http/problem.js';
import { twinsOf } from './twins.js';

type Register = (manager: EntityManager, job: Job, result: Record<string, unknown>) => Promise<void>;

/** What a succeeded job leaves behind, by kind. */
const registers = {
  corpus: async (manager, job, result) => {
    const { digest, vocabularySize, splits } = parseDocument(CorpusManifest, result, 'result');
    const { train, validation } = splits;
    const tokens = train.tokens === null || validation.tokens === null ? null : train.tokens + validation.tokens;
    await manager.insert(Corpus, {
      ...{ id: newId(), projectId: job.projectId, jobId: job.id, name: job.name, address: job.output! },
      ...{ digest, vocabularySize, sequences: train.sequences + validation.sequences, tokens },
    });
    await manager.update(Job, job.id, { corpusDigest: digest });
  },
  pretrain: (manager, job) => registerModel(manager, job, 'pretrain'),
  finetune: async (manager, job, result) => {
    const { task, metric, seed, weights } = parseDocument(FinetuneResult, result, 'result');
    await registerModel(manager, job, 'finetune');
    // A result that is written twice is one row.
    await manager
      .createQueryBuilder()
      .insert()
      .into(Result)
      .values({
        ...{ jobId: job.id, projectId: job.projectId, base: job.base!, experiment: job.experiment!, weights, task },
        ...{ metric: metric.name, value: metric.last, seed },
      })
      .orIgnore()
      .execute();
  },
  evaluate: () => Promise.resolve(),
} satisfies Record<WorkSpec['kind'], Register>;

/**
 * @param reusedFrom the job whose result it is: then the job's output is that one's, and so is everything that lies there
 * @throws ProblemError 422 JOB_UNUSABLE where that is no twin of the job's: a worker can't choose
 */
export async function registerProducts(
  manager: EntityManager,
  job: Job,
  result: Record<string, unknown>,
  reusedFrom: string | null,
): Promise<void> {
  if (reusedFrom !== null) {
    const twins = twinsOf(job);
    const twin = twins && (await manager.findOneBy(Job, { ...twins, id: reusedFrom }));
    if (!twin) throw new ProblemError(422, 'JOB_UNUSABLE', `reusedFrom: job ${reusedFrom} can't stand for this one`);
    await manager.update(Job, job.id, { output: twin.output });
    job.output = twin.output;
  }
  await registers[job.kind as WorkSpec['kind']](manager, job, result);
}

const registerModel = (manager: EntityManager, job: Job, kind: 'pretrain' | 'finetune') =>
  manager
    .insert(Model, {
      ...{ id: newId(), projectId: job.projectId, jobId: job.id, kind, name: job.name },
      ...{ address: job.output!, recipeHash: job.recipeHash! },
    })
    .then(() => undefined);
