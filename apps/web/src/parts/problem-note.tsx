import type { ProblemDocument } from '@orestes/contracts';
import { wrongText, type Wrong } from '../show/wrong-text.js';

/**
 * What the API refused: its errors one by one, else its detail, which says the same in one text.
 * @param errors those that stand beside no field; all of them when left out
 */
export function ProblemNote({
  problem,
  errors = problem.errors ?? [],
}: {
  problem: ProblemDocument;
  errors?: Wrong[];
}) {
  const all = problem.errors ?? [];
  const marked = all.length - errors.length;
  return (
    <div class="problem" role="alert">
      <p>
        <strong>{problem.title}</strong> <code>{problem.code}</code>
      </p>
      {all.length === 0 && problem.detail !== problem.title && <p class="problem-detail">{problem.detail}</p>}
      {marked > 0 && <p>{marked === 1 ? 'One field is marked.' : `${marked} fields are marked.`}</p>}
      {errors.length > 0 && (
        <ul>
          {errors.map((error) => (
            <li key={`${error.pointer} ${error.message}`}>
              <code>{error.pointer || '/'}</code> {wrongText(error)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
