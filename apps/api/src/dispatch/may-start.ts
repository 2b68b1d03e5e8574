/** Of a row of `job`, in SQL. Sweeps and pipelines are rows alone. */
export const IS_WORK = "job.kind NOT IN ('sweep', 'pipeline')";

export const IS_DUE = '(job.not_before IS NULL OR job.not_before <= now())';

/** All jobs whose outputs it needs have succeeded. */
export const NEEDS_NOTHING = `NOT EXISTS (
  SELECT 1 FROM dependency JOIN job AS needed ON needed.id = dependency.on_id
  WHERE dependency.job_id = job.id AND needed.state <> 'succeeded')`;

/** An output has one worker at a time: two would write over each other. */
export const OUTPUT_IS_FREE = `NOT EXISTS (
  SELECT 1 FROM attempt JOIN job AS other ON other.id = attempt.job_id
  WHERE attempt.state <> 'ended' AND other.output = job.output)`;
