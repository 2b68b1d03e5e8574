import type { MirroredJob } from '@orestes/contracts';
import type { Job } from '@orestes/database';

/** A job as its TrainingJob is told of it. @param live whether the newest attempt has not ended @param savedAt of its newest checkpoint */
export function mirroredJob(job: Job, live: boolean, savedAt: Date | null): MirroredJob {
  const { id, state, message, reason, version, epoch, notBefore, priority, progress } = job;
  return {
    ...{ id, state, message: message ?? state, version, epoch, live, priority },
    ...(reason !== null && { reason }),
    ...(notBefore !== null && { notBefore: notBefore.toISOString() }),
    ...(progress !== null && { progress }),
    ...(savedAt !== null && { savedAt: savedAt.toISOString() }),
  };
}
