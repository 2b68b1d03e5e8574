import type { JobKind } from '@orestes/contracts';
import { SelectField, TextField } from '../parts/field.js';
import { isKind, KINDS } from '../show/kinds.js';
import { EXAMPLES } from './examples.js';

interface Props {
  text: string;
  error: string | null;
  onText: (text: string) => void;
}

const OPTIONS = [
  { value: '', label: 'the spec below' },
  ...(Object.keys(KINDS) as JobKind[]).map((kind) => ({ value: kind, label: `${kind}: ${KINDS[kind]}` })),
];

export function JsonEditor({ text, error, onText }: Props) {
  return (
    <>
      <SelectField
        label="Start from an example"
        options={OPTIONS}
        value=""
        onValue={(kind) => isKind(kind) && onText(JSON.stringify(EXAMPLES[kind], null, 2))}
      />
      <TextField
        label="Spec (JSON)"
        hint="What is left out has a default. Addresses may be job:ID, the output of that job."
        rows={24}
        value={text}
        onValue={onText}
        errors={error === null ? [] : [error]}
      />
    </>
  );
}
