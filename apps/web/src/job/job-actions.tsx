import type { JobDocument, ProblemDocument } from '@orestes/contracts';
import { useRef, useState } from 'preact/hooks';
import { ApiDown, Refused } from '../api/client.js';
import { ACTIONS, actOn, type JobAction } from '../api/jobs.js';
import { goTo } from '../hooks/use-route.js';
import { ProblemNote } from '../parts/problem-note.js';
import { isParent } from '../show/kinds.js';

const WORDS = {
  suspend: { label: 'Suspend', title: 'Save a checkpoint and give the devices back' },
  resume: { label: 'Resume', title: 'Go on from the newest checkpoint' },
  retry: { label: 'Retry', title: 'A new job with the same spec' },
  cancel: { label: 'Cancel', title: 'End the job for good' },
} satisfies Record<JobAction, { label: string; title: string }>;

/** What may be asked of the job in its state. */
export function JobActions({ job, onChange }: { job: JobDocument; onChange: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);

  const act = async (action: JobAction) => {
    setBusy(true);
    setProblem(null);
    try {
      const answer = await actOn(job.id, action);
      if (action === 'retry') goTo({ page: 'job', id: answer.id });
    } catch (error) {
      if (error instanceof Refused) setProblem(error.problem);
      else if (!(error instanceof ApiDown)) throw error;
    } finally {
      setBusy(false);
      onChange();
    }
  };

  return (
    <>
      {ACTIONS.filter((action) => job.actions.includes(action)).map((action) => (
        <button
          key={action}
          type="button"
          class={action === 'cancel' ? 'danger' : ''}
          title={WORDS[action].title}
          disabled={busy}
          onClick={() => (action === 'cancel' ? dialog.current?.showModal() : void act(action))}
        >
          {WORDS[action].label}
        </button>
      ))}
      {problem && <ProblemNote problem={problem} />}
      <dialog ref={dialog} aria-label="Cancel this job?" closedby="any">
        <form method="dialog">
          <h2>Cancel {job.name}?</h2>
          <p>
            {isParent(job.kind) ? 'It and its children end' : 'It ends'} for good; checkpoints stay. Suspend it instead
            to go on later.
          </p>
          <div class="actions">
            <button type="submit">Keep it</button>
            <button type="submit" class="danger" onClick={() => void act('cancel')}>
              Cancel job
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
