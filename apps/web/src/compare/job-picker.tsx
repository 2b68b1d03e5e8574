import { useState } from 'preact/hooks';
import { firstJobs } from '../api/jobs.js';
import { usePolled } from '../hooks/use-polled.js';
import { SelectField } from '../parts/field.js';
import { hasCurves } from '../show/kinds.js';

/** Newest jobs to pick from; an older one comes in by the Compare button of its page. */
const OFFERED = 300;
const EVERY = 15_000;

export function JobPicker({ taken, onPick }: { taken: string[]; onPick: (id: string) => void }) {
  const [picked, setPicked] = useState('');
  const { value } = usePolled(
    'jobs to compare',
    (signal) => firstJobs({}, OFFERED, signal),
    () => EVERY,
  );
  const offered = (value?.jobs ?? []).filter((job) => hasCurves(job.kind) && !taken.includes(job.id));
  const chosen = offered.some((job) => job.id === picked) ? picked : '';
  return (
    <form
      class="picker"
      aria-label="Add a job"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen !== '') onPick(chosen);
      }}
    >
      <SelectField
        label="Job to add"
        options={[
          { value: '', label: offered.length === 0 ? 'no other job with curves' : 'choose a job' },
          ...offered.map(({ id, name, kind, state }) => ({ value: id, label: `${name} (${kind}, ${state})` })),
        ]}
        value={chosen}
        onValue={setPicked}
      />
      <button type="submit" disabled={chosen === ''}>
        Add
      </button>
    </form>
  );
}
