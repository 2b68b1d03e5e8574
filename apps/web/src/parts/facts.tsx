import type { ComponentChildren } from 'preact';

/** A term and what there is to say; what is null is left out. */
export type Fact = readonly [term: string, value: ComponentChildren];

export function Facts({ facts, label }: { facts: Fact[]; label?: string }) {
  return (
    <dl class="facts" aria-label={label}>
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== false)
        .map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
