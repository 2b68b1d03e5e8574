import type { JobSummary, ProblemDocument } from '@orestes/contracts';
import { useRef } from 'preact/hooks';
import { firstJobs, type JobQuery } from '../api/jobs.js';
import { usePolled } from '../hooks/use-polled.js';

const STEP = 100;
const EVERY = 2000;

interface JobsSeen {
  /** null until the first answer. */
  jobs: JobSummary[] | null;
  more: boolean;
  showMore: () => void;
  problem: ProblemDocument | null;
}

/** Jobs that fit, kept fresh; `showMore` lengthens the list, and later refreshes cover all of it. */
export function useJobList(query: JobQuery): JobsSeen {
  const key = `jobs ${JSON.stringify(query)}`;
  const asked = useRef({ key, count: STEP });
  if (asked.current.key !== key) asked.current = { key, count: STEP };
  const { value, problem, reload } = usePolled(
    key,
    (signal) => firstJobs(query, asked.current.count, signal),
    () => EVERY,
  );
  const showMore = () => {
    asked.current.count = (value?.jobs.length ?? 0) + STEP;
    reload();
  };
  return { jobs: value?.jobs ?? null, more: value?.more ?? false, showMore, problem };
}
