import type { JobDocument } from '@orestes/contracts';
import { JsonBlock } from '../parts/json-block.js';
import { hrefOf } from '../routes.js';
import { inOrder } from '../show/spec-order.js';

export function JobSpec({ job }: { job: JobDocument }) {
  return (
    <section aria-label="Spec">
      <div class="section-head">
        <h2>Spec</h2>
        <a href={hrefOf({ page: 'submit', from: job.id })}>Change it and submit anew</a>
      </div>
      <JsonBlock value={inOrder(job.spec)} label="spec" />
    </section>
  );
}
