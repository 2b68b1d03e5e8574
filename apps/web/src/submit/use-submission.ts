import type { PlanDocument, ProblemDocument } from '@orestes/contracts';
import { useRef, useState } from 'preact/hooks';
import { ApiDown, Refused } from '../api/client.js';
import { planJob, submitJob } from '../api/jobs.js';
import { goTo } from '../hooks/use-route.js';

export interface Submission {
  plan: PlanDocument | null;
  problem: ProblemDocument | null;
  busy: boolean;
  planSpec: (spec: unknown) => Promise<void>;
  submitSpec: (spec: unknown) => Promise<void>;
  /** What was said of an earlier spec holds no more. */
  forget: () => void;
}

export function useSubmission(): Submission {
  const [plan, setPlan] = useState<PlanDocument | null>(null);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const [busy, setBusy] = useState(false);
  const tried = useRef({ text: '', key: '' });

  const forget = () => {
    setPlan(null);
    setProblem(null);
  };
  const ask = async (question: () => Promise<void>) => {
    forget();
    setBusy(true);
    try {
      await question();
    } catch (error) {
      if (error instanceof Refused) setProblem(error.problem);
      else if (!(error instanceof ApiDown)) throw error;
    } finally {
      setBusy(false);
    }
  };
  const planSpec = (spec: unknown) => ask(async () => setPlan(await planJob(spec)));
  const submitSpec = (spec: unknown) =>
    ask(async () => {
      const text = JSON.stringify(spec);
      if (tried.current.text !== text) tried.current = { text, key: randomKey() };
      const job = await submitJob(spec, tried.current.key);
      tried.current = { text: '', key: '' };
      goTo({ page: 'job', id: job.id });
    });
  return { plan, problem, busy, planSpec, submitSpec, forget };
}

/** 128 bits; crypto.randomUUID exists over https and on localhost only. */
const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
