import { gpusPerHost, specOf, type TrainingJob } from '@orestes/contracts';
import type { Claim } from './admission/quotas.js';
import type { Standing } from './admission/ledger.js';
import { notBeforeMs } from './decide/due.js';
import type { SeenAttempt } from './decide/observed.js';
import { isOutOfReach, podsLeftMs } from './decide/pods.js';

/** What a job asks of its queue: the GPUs of all its hosts. */
export function claimOf(trainingJob: TrainingJob): Claim {
  const spec = specOf(trainingJob);
  const { resources } = spec;
  return {
    queue: resources?.queue ?? 'default',
    product: resources?.gpuProduct ?? null,
    gpus: gpusPerHost(spec) * (resources?.hosts ?? 1),
  };
}

/**
 * How a job stands to its queue; null where it wants nothing now. GPUs are held until the last pod is gone, whatever the
 * database says of the attempt: only then another one's pod finds them free. Those of a lost node are nobody's.
 */
export function standingOf(
  key: string,
  trainingJob: TrainingJob,
  attempts: readonly SeenAttempt[],
  now: number,
): Standing | null {
  const { metadata, status } = trainingJob;
  const job = status?.job;
  if (!job) return null;
  const hasPods = (attempt: SeenAttempt) => podsLeftMs(attempt, now) > 0;
  const isStarted = (attempt: SeenAttempt) =>
    !attempt.suspended && attempt.finishedAt === null && !(attempt.deleting && isOutOfReach(attempt, now));
  const held = job.live || attempts.some((attempt) => isStarted(attempt) || hasPods(attempt));
  const mayStart = job.state === 'queued' && notBeforeMs(job, now) === 0 && metadata.deletionTimestamp === undefined;
  if (!held && !mayStart) return null;
  const begun = job.savedAt ?? metadata.creationTimestamp;
  return {
    ...{ key, name: metadata.name, id: job.id, priority: job.priority, claim: claimOf(trainingJob) },
    ...{ state: held ? 'held' : 'pending', savedAt: begun === undefined ? 0 : Date.parse(begun) },
  };
}
