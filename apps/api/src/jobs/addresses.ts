import { jobOfAddress, jobsIn, mapAddresses } from '@orestes/contracts';
import { Job } from '@orestes/database';
import { In, type EntityManager } from 'typeorm';

/** The spec with the outputs of other jobs of the project in place of their job:ID addresses. Unknown ones stay. */
export async function withOutputs<T>(manager: EntityManager, projectId: string, spec: T): Promise<T> {
  const named = jobsIn(spec);
  if (named.length === 0) return spec;
  const jobs = await manager.find(Job, { select: { id: true, output: true }, where: { id: In(named), projectId } });
  const outputs = new Map(jobs.map(({ id, output }) => [id, output]));
  return mapAddresses(spec, (address) => outputs.get(jobOfAddress(address) ?? '') ?? address);
}
