import type { Models, Objective } from '@orestes/contracts';
import { mlm } from './mlm.js';
import type { PretrainObjective } from './objective.js';
import { rtd } from './rtd.js';

type Builder<K extends Objective['kind']> = (
  models: Models,
  objective: Extract<Objective, { kind: K }>,
) => PretrainObjective;

const objectives = { rtd, mlm } satisfies { [K in Objective['kind']]: Builder<K> };

/** The objective that a resolved spec names, over its models. */
export function buildObjective(models: Models, objective: Objective): PretrainObjective {
  return objective.kind === 'rtd' ? objectives.rtd(models, objective) : objectives.mlm(models);
}
