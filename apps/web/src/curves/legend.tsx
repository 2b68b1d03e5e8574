import type { Line } from './panels.js';
import { valueAt } from './plot-options.js';

interface Props {
  lines: readonly Line[];
  /** Values of each line at the common steps. */
  columns: readonly (readonly (number | null)[])[];
  /** Place in the steps: the cursor's, else the last. */
  at: number;
  hidden: readonly string[];
  onToggle: (name: string) => void;
}

/** What there is in a chart, with its values; pressing a name hides its lines. */
export function Legend({ lines, columns, at, hidden, onToggle }: Props) {
  const names = [...new Set(lines.map(({ name }) => name))];
  return (
    <ul class="legend">
      {names.map((name) => (
        <li key={name}>
          <button
            type="button"
            aria-pressed={!hidden.includes(name)}
            title="Show or hide"
            onClick={() => onToggle(name)}
          >
            <span class="legend-name">{name}</span>
            {lines.map(
              (line, i) =>
                line.name === name && <Value key={line.split} line={line} value={valueAt(columns[i] ?? [], at)} />,
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Value({ line: { split, tone }, value }: { line: Line; value: string }) {
  return (
    <span class="legend-value" style={{ '--tone': `var(--${tone})` }}>
      <span class={`swatch swatch-${split}`} aria-hidden="true" />
      <span class="unseen">{split} </span>
      {value}
    </span>
  );
}

/** How train and validation are told apart in every chart. */
export function SplitKey() {
  return (
    <p class="split-key">
      <span>
        <span class="swatch swatch-train" aria-hidden="true" /> train
      </span>
      <span>
        <span class="swatch swatch-validation" aria-hidden="true" /> validation
      </span>
    </p>
  );
}
