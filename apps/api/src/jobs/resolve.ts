import { type SubmittedSpec, type WorkSpec } from '@orestes/contracts';
import { resolveFinetune, resolvePretrain } from '@orestes/trainer';

/**
 * A spec with every default and every value of its recipe filled in, and every rule checked that hangs on nothing but itself.
 * @param output where the job writes
 * @throws UserError INVALID_SPEC, OPTIMIZERS_UNFIT
 */
export function resolveSpec(spec: WorkSpec, output: string): SubmittedSpec {
  switch (spec.kind) {
    case 'pretrain':
      return resolvePretrain({ ...spec, output });
    case 'finetune':
      return resolveFinetune({ ...spec, output });
    default:
      return { ...spec, output };
  }
}
