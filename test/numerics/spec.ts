import { PretrainSpec, type ResolvedPretrain } from '@orestes/contracts';
import { resolvePretrain } from '@orestes/trainer';
import { cases } from './fixture.js';

/** A resolved spec with the fixtures' sequence length and schedule. */
export function pretrainSpec(fields: {
  recipe: PretrainSpec['recipe'];
  model: PretrainSpec['model'];
  batchSize: number;
  seed?: number;
  objective?: PretrainSpec['objective'];
  optimizers?: PretrainSpec['optimizers'];
}): ResolvedPretrain {
  const { batchSize, ...rest } = fields;
  const schedule = { ...cases.schedule, batchSize, sequenceLength: cases.length, accumulation: 1 };
  const common = { kind: 'pretrain', name: 'numerics', size: 'tiny', corpus: 'none', output: 'none' };
  return resolvePretrain(PretrainSpec.parse({ ...common, ...rest, schedule }));
}
