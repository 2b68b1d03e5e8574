import { useEffect, useState } from 'preact/hooks';
import { Field, SelectField } from '../parts/field.js';
import type { JobFilter } from '../routes.js';
import { isKind, KINDS } from '../show/kinds.js';
import { allStates, isState } from '../show/states.js';

interface Props {
  filter: JobFilter;
  onChange: (changes: Partial<JobFilter>) => void;
}

const options = (names: string[], any: string) => [
  { value: '', label: any },
  ...names.map((name) => ({ value: name, label: name })),
];

export function JobFilterBar({ filter, onChange }: Props) {
  return (
    <div class="filter-bar" role="search" aria-label="Filter jobs">
      <SelectField
        label="State"
        options={options(allStates, 'any state')}
        value={filter.state ?? ''}
        onValue={(state) => onChange({ state: isState(state) ? state : null })}
      />
      <SelectField
        label="Kind"
        options={options(Object.keys(KINDS), 'any kind')}
        value={filter.kind ?? ''}
        onValue={(kind) => onChange({ kind: isKind(kind) ? kind : null })}
      />
      <LabelField label={filter.label} onLabel={(label) => onChange({ label })} />
      <label class="check">
        <input type="checkbox" checked={filter.all} onChange={(e) => onChange({ all: e.currentTarget.checked })} />
        Show children
      </label>
    </div>
  );
}

/** Asks only for whole labels, a moment after the last key. */
function LabelField({ label, onLabel }: { label: string; onLabel: (label: string) => void }) {
  const [text, setText] = useState(label);
  useEffect(() => setText(label), [label]);
  const whole = text === '' || /^[^=]+=/.test(text);
  useEffect(() => {
    if (!whole || text === label) return;
    const timer = setTimeout(() => onLabel(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <Field
      label="Label"
      placeholder="key=value"
      value={text}
      onValue={setText}
      errors={whole ? [] : ['Labels are key=value']}
    />
  );
}
