import { JOB_LABEL, specOf, type MirroredJob, type TrainingJob } from '@orestes/contracts';
import { objectNameOf } from '@orestes/jobs';

/**
 * The job of an object: what its status says or what the service answered, whichever is newer; before there is either, a new one,
 * if the object is named as the service names the object of the job in its label. A copy under another name is not.
 */
export function knownJob(trainingJob: TrainingJob, answer: MirroredJob | undefined): MirroredJob | undefined {
  const told = trainingJob.status?.job;
  // What was saved last is not in answers.
  if (answer && answer.version > (told?.version ?? 0))
    return told?.savedAt === undefined ? answer : { ...answer, savedAt: told.savedAt };
  return told ?? newJob(trainingJob);
}

function newJob(trainingJob: TrainingJob): MirroredJob | undefined {
  const id = trainingJob.metadata.labels?.[JOB_LABEL];
  if (id === undefined) return undefined;
  const { name, priority = 0 } = specOf(trainingJob);
  if (trainingJob.metadata.name !== objectNameOf({ id, name })) return undefined;
  return { id, state: 'queued', message: '', version: 0, epoch: 0, live: false, priority };
}
