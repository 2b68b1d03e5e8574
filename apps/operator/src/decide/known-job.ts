import { JOB_LABEL, specOf, type MirroredJob, type TrainingJob } from '@orestes/contracts';
import { objectNameOf } from '@orestes/jobs';

/**
 * The job of an object: what its status says or what the service answered, whichever is newer; before there is either, a new one,
 * if the object is named as the service names the object of the job in its label. A copy under another name is not.
 */
export function knownJob(trainingJob: TrainingJob, answer: MirroredJob | undefined): MirroredJob | undefined {
  const told = toldJob(trainingJob);
  // What was saved last is not in answers.
  if (answer && answer.version > (told?.version ?? 0))
    return told?.savedAt === undefined ? answer : { ...answer, savedAt: told.savedAt };
  return told ?? newJob(trainingJob);
}

/**
 * What the status says of the object's own job. The service tells objects by their names: to one that was made anew it may have
 * told the end of the job of the last one of that name.
 */
function toldJob({ metadata, spec, status }: TrainingJob): MirroredJob | undefined {
  const job = status?.job;
  if (!job) return undefined;
  const isLabelled = metadata.labels?.[JOB_LABEL] === job.id;
  const isNamed = metadata.name === objectNameOf({ id: job.id, name: specOf({ spec }).name });
  return isLabelled || isNamed ? job : undefined;
}

function newJob(trainingJob: TrainingJob): MirroredJob | undefined {
  const id = trainingJob.metadata.labels?.[JOB_LABEL];
  if (id === undefined) return undefined;
  const { name, priority = 0 } = specOf(trainingJob);
  if (trainingJob.metadata.name !== objectNameOf({ id, name })) return undefined;
  return { id, state: 'queued', message: '', version: 0, epoch: 0, live: false, priority };
}
