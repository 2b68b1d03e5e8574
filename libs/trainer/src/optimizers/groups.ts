import { OrestesError, UserError, type Optimizers } from '@orestes/contracts';
import type { Group } from './group.js';

/**
 * Which optimizer trains which parameter: by prefix when decoupled, everything when joint.
 * @throws OrestesError PARAMETER_GROUPS when a parameter is in no group or in two
 */
export function parameterGroups(optimizers: Optimizers, parameters: readonly string[]): Group[] {
  const groups: Group[] =
    optimizers.kind === 'joint'
      ? [{ name: 'joint', optimizer: optimizers.joint, parameters }]
      : (['generator', 'discriminator'] as const).map((name) => ({
          name,
          optimizer: optimizers[name],
          parameters: parameters.filter((p) => p.startsWith(`${name}/`)),
        }));
  assertCoverOnce(groups, parameters);
  return groups;
}

/** @throws OrestesError PARAMETER_GROUPS */
export function assertCoverOnce(groups: readonly Group[], parameters: readonly string[]): void {
  const all = new Set(parameters);
  const wrong = parameters.flatMap((name) => {
    const owners = groups.filter((g) => g.parameters.includes(name)).map((g) => g.name);
    return owners.length === 1 ? [] : [`${name} is in ${owners.length === 0 ? 'no group' : owners.join(' and ')}`];
  });
  const unknown = groups.flatMap((g) => g.parameters.filter((p) => !all.has(p)).map((p) => `${p} does not exist`));
  const empty = groups.filter((g) => g.parameters.length === 0).map((g) => `${g.name} trains nothing`);
  const problems = [...wrong, ...unknown, ...empty];
  if (problems.length > 0) throw new OrestesError('PARAMETER_GROUPS', `parameter groups: ${problems.join('; ')}`);
}

/** @throws UserError OPTIMIZERS_UNFIT */
export function checkOptimizersFit(optimizers: Optimizers, objective: { kind: string; embeddings?: string }): void {
  if (optimizers.kind === 'joint') return;
  if (objective.kind !== 'rtd')
    throw new UserError(
      'OPTIMIZERS_UNFIT',
      `spec.optimizers.kind: decoupled needs a generator and a discriminator (objective ${objective.kind}: allowed is joint)`,
    );
  if (objective.embeddings === 'shared')
    throw new UserError(
      'OPTIMIZERS_UNFIT',
      'spec.objective.embeddings: shared embeddings belong to neither optimizer (decoupled: allowed is separate)',
    );
}
