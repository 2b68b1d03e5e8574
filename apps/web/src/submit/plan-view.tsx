import type { PlanDocument } from '@orestes/contracts';
import { Facts } from '../parts/facts.js';
import { JsonBlock } from '../parts/json-block.js';
import { bytes, compact, whole } from '../show/numbers.js';
import { duration } from '../show/times.js';

const orNothing = (value: number | null, show: (value: number) => string): string | null =>
  value === null ? null : show(value);

/** What the job would do and take. */
export function PlanView({ plan }: { plan: PlanDocument }) {
  return (
    <section class="card plan" aria-label="Plan">
      <h2>Plan</h2>
      {plan.note !== null && <p class="note">{plan.note}</p>}
      <Facts
        facts={[
          ['Jobs', plan.jobs > 1 ? whole(plan.jobs) : '1'],
          ['Parameters', orNothing(plan.parameters, compact)],
          ['Steps', orNothing(plan.steps, whole)],
          ['Tokens', orNothing(plan.tokens, compact)],
          ['Work', orNothing(plan.flops, (flops) => compact(flops, 'FLOP'))],
          ['Memory a device', orNothing(plan.memoryBytes, bytes)],
          ['Time', orNothing(plan.seconds, duration)],
          ['Cost', orNothing(plan.cost, whole)],
          ['Recipe hash', plan.recipeHash && <code title={plan.recipeHash}>{plan.recipeHash.slice(0, 12)}</code>],
        ]}
      />
      <details>
        <summary>Spec with all defaults</summary>
        <JsonBlock value={plan.spec} label="planned spec" />
      </details>
    </section>
  );
}
