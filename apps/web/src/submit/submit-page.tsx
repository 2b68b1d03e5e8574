import { useState } from 'preact/hooks';
import { getJob } from '../api/jobs.js';
import { usePolled } from '../hooks/use-polled.js';
import { useTitle } from '../hooks/use-route.js';
import { ProblemNote } from '../parts/problem-note.js';
import { Tabs } from '../parts/tabs.js';
import { inOrder } from '../show/spec-order.js';
import { fieldErrors } from './field-errors.js';
import { EMPTY_FORM, POINTERS, ratesOf, specOfForm } from './form-spec.js';
import { JsonEditor } from './json-editor.js';
import { parseSpec } from './parse-spec.js';
import { PlanView } from './plan-view.js';
import { RecipeForm } from './recipe-form.js';
import { useSubmission } from './use-submission.js';

type Way = 'form' | 'json';

/** A job from a form or from JSON. @param from a job whose spec the editor begins with */
export function SubmitPage({ from }: { from: string | null }) {
  useTitle('Submit');
  const origin = usePolled(
    `spec ${from}`,
    (signal) => (from === null ? Promise.resolve(null) : getJob(from, signal)),
    () => null,
  );
  const [way, setWay] = useState<Way>(from === null ? 'form' : 'json');
  const [form, setForm] = useState(EMPTY_FORM);
  const [edited, setEdited] = useState<string | null>(null);
  const submission = useSubmission();

  const text = edited ?? JSON.stringify(origin.value ? inOrder(origin.value.spec) : specOfForm(form), null, 2);
  const parsed = way === 'form' ? { spec: specOfForm(form) } : parseSpec(text);
  const { at, others } = fieldErrors(submission.problem, way === 'form' ? shownPointers(form.recipe) : {});
  const changing =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      submission.forget();
      set(value);
    };
  return (
    <>
      <h1>Submit a job</h1>
      <form
        class="submit"
        aria-label="Submit a job"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if ('spec' in parsed) void submission.submitSpec(parsed.spec);
        }}
      >
        <Tabs
          label="How to write the spec"
          tabs={{ form: 'Pretraining form', json: 'JSON, any kind' }}
          chosen={way}
          onChoose={changing(setWay)}
        >
          {way === 'form' ? (
            <RecipeForm values={form} errors={at} onChange={changing(setForm)} />
          ) : (
            <JsonEditor text={text} error={'error' in parsed ? parsed.error : null} onText={changing(setEdited)} />
          )}
        </Tabs>
        <div class="submit-side">
          <div class="actions">
            <button
              type="button"
              disabled={submission.busy || !('spec' in parsed)}
              onClick={() => 'spec' in parsed && void submission.planSpec(parsed.spec)}
            >
              Plan
            </button>
            <button type="submit" class="primary" disabled={submission.busy || !('spec' in parsed)}>
              Submit
            </button>
          </div>
          {origin.problem && <ProblemNote problem={origin.problem} />}
          {submission.problem && <ProblemNote problem={submission.problem} errors={others} />}
          {submission.plan && <PlanView plan={submission.plan} />}
          {!submission.plan && !submission.problem && (
            <p class="muted">Plan says what the job would take: parameters, tokens, memory, time. Nothing starts.</p>
          )}
        </div>
      </form>
    </>
  );
}

/** Of the learning rates, those that the form shows. */
function shownPointers(recipe: string): Partial<typeof POINTERS> {
  const rates: string[] = ratesOf(recipe);
  return Object.fromEntries(
    Object.entries(POINTERS).filter(([field]) => !field.endsWith('Rate') || rates.includes(field)),
  );
}
