import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Shared {
  label: ComponentChildren;
  hint?: ComponentChildren;
  errors?: string[];
  value: string;
  onValue: (value: string) => void;
}

/** Label, control, hint and errors; `control` gets what ties them together. */
function Labelled({
  label,
  hint,
  errors = [],
  control,
}: Pick<Shared, 'label' | 'hint' | 'errors'> & {
  control: (tied: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class={errors.length > 0 ? 'field wrong' : 'field'}>
      <label for={id}>{label}</label>
      {control({ id, 'aria-describedby': `${id}-hint ${id}-error`, 'aria-invalid': errors.length > 0 })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <div class="field-error" id={`${id}-error`}>
        {errors.map((error) => (
          <p key={error}>{error}</p>
        ))}
      </div>
    </div>
  );
}

interface FieldProps extends Shared {
  type?: 'text' | 'password';
  placeholder?: string;
  inputMode?: 'text' | 'decimal' | 'numeric';
  autocomplete?: string;
  /** Offered, not required. */
  suggestions?: { value: string; label: string }[];
}

export function Field({ suggestions, onValue, label, hint, errors, ...input }: FieldProps) {
  const list = useId();
  return (
    <Labelled
      label={label}
      hint={hint}
      errors={errors}
      control={(tied) => (
        <>
          <input
            type="text"
            spellcheck={false}
            autocomplete="off"
            {...input}
            {...tied}
            list={suggestions ? list : undefined}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          {suggestions && (
            <datalist id={list}>
              {suggestions.map((s) => (
                <option key={s.value} value={s.value} label={s.label} />
              ))}
            </datalist>
          )}
        </>
      )}
    />
  );
}

export function SelectField({
  options,
  value,
  onValue,
  ...shared
}: Shared & { options: { value: string; label: string }[] }) {
  return (
    <Labelled
      {...shared}
      control={(tied) => (
        <select {...tied} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    />
  );
}

export function TextField({
  rows,
  value,
  onValue,
  placeholder,
  ...shared
}: Shared & { rows: number; placeholder?: string }) {
  return (
    <Labelled
      {...shared}
      control={(tied) => (
        <textarea
          {...tied}
          rows={rows}
          spellcheck={false}
          placeholder={placeholder}
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    />
  );
}
