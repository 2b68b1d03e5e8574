import { createHash } from 'node:crypto';

/**
 * Kubernetes cuts what a pod's name begins with, JOB-INDEX-, to 58 characters: then the attempt's number would go. An object's
 * name has 50 at most, so that three digits and two of an index find room.
 */
const LONGEST_NAME = 37;
const ID_CHARACTERS = 12;

/** Name of a job's TrainingJob: of its own name, and as much of its id as makes it the only one. */
export function objectNameOf({ id, name }: { id: string; name: string }): string {
  const lettered = /^[a-z]/.test(name) ? name : `j${name}`; // a Service's name begins with a letter
  return `${lettered.slice(0, LONGEST_NAME).replace(/-+$/, '')}-${id.slice(-ID_CHARACTERS)}`;
}

/** Name of the batch/v1 Job of an attempt; its pods' names begin with it. */
export const attemptNameOf = (object: string, epoch: number): string => `${object}-${epoch}`;

/**
 * Id of an attempt, the same for whoever asks: its pods know it before it has begun. A UUID of version 8 (RFC 9562), by
 * SHA-256 of the job's id and the attempt's number.
 */
export function attemptIdOf(job: string, epoch: number): string {
  const hex = createHash('sha256').update(`${job}/${epoch}`).digest('hex');
  const variant = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** The object and the attempt that a pod belongs to; null for other pods. Kubernetes names a pod JOB-INDEX-RANDOM. */
export function attemptOfPod(pod: string): { object: string; epoch: number } | null {
  const [, object, epoch] = /^(.+)-(\d+)-\d+-[a-z0-9]+$/.exec(pod) ?? [];
  return object === undefined ? null : { object, epoch: Number(epoch) };
}
