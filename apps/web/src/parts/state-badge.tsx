import type { JobState } from '@orestes/contracts';

/** A dot for the eye that scans, and the word for everyone. */
export function StateBadge({ state, why }: { state: JobState; why?: string | null }) {
  return (
    <span class={`state state-${state}`} title={why ?? undefined}>
      <span class="dot" aria-hidden="true" />
      {state}
    </span>
  );
}
