import type { Job } from '@orestes/database';
import { IsNull, Not, type FindOptionsWhere } from 'typeorm';

/** By which jobs are equal. */
type Content = Pick<Job, 'projectId' | 'kind' | 'recipeHash' | 'reuse'>;

/**
 * Which jobs' results may stand for a job's: equal ones of its project, that have computed it themselves.
 * @returns null for none: nobody has told what the job is by content, or its spec wants no other's result
 */
export function twinsOf({ projectId, kind, recipeHash, reuse }: Content): FindOptionsWhere<Job> | null {
  if (!reuse || recipeHash === null) return null;
  return { projectId, kind, recipeHash, state: 'succeeded', reusedFrom: IsNull(), output: Not(IsNull()) };
}
