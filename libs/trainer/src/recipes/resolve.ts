import {
  documentHash,
  parseDocument,
  ResolvedPretrain,
  UserError,
  type Models,
  type Objective,
  type PretrainSpec,
} from '@orestes/contracts';
import { checkOptimizersFit } from '../optimizers/groups.js';
import { recipes } from './index.js';
import { merged } from './merge.js';

/**
 * A pretraining spec with its recipe filled in and every rule checked.
 * @throws UserError INVALID_SPEC, OPTIMIZERS_UNFIT naming each field that is wrong
 */
export function resolvePretrain(spec: PretrainSpec): ResolvedPretrain {
  const values = recipes[spec.recipe].sizes[spec.size];
  const filled = Object.fromEntries(
    (['model', 'objective', 'optimizers', 'schedule'] as const).map((key) => [key, merged(values[key], spec[key])]),
  );
  const resolved = parseDocument(ResolvedPretrain, { ...spec, ...filled }, 'spec');
  const problems = [...modelProblems(resolved), ...batchProblems(resolved)];
  if (problems.length > 0) throw new UserError('INVALID_SPEC', problems.join('\n'));
  checkOptimizersFit(resolved.optimizers, resolved.objective);
  return resolved;
}

/**
 * The run's scientific identity: equal hashes mean that one run may go on where the other stopped. Left out is what cannot
 * change what is learned: name and output, cadences, the recipe's name (its values are all filled in), and on which engine
 * and how many devices it runs (sums differ in the last bits only). The corpus counts by content, not by where it lies.
 * @param corpusDigest SHA-256 that identifies the corpus
 */
export function recipeHash(spec: ResolvedPretrain, corpusDigest: string): string {
  const { kind, seed, model, objective, optimizers, schedule } = spec;
  const { precision } = spec.engine;
  return documentHash({ kind, seed, model, objective, optimizers, schedule, precision, corpus: corpusDigest });
}

const USES = { rtd: ['generator', 'discriminator'], mlm: ['encoder'] } satisfies Record<
  Objective['kind'],
  (keyof Models)[]
>;

function modelProblems({ model, objective, schedule }: ResolvedPretrain): string[] {
  const used: readonly string[] = USES[objective.kind];
  const problems: string[] = [];
  for (const name of ['encoder', 'generator', 'discriminator'] as const) {
    const at = `spec.model.${name}`;
    const config = model[name];
    if (!config && used.includes(name)) problems.push(`${at}: missing (objective ${objective.kind} trains it)`);
    if (config && !used.includes(name))
      problems.push(`${at}: objective ${objective.kind} has no use for it (it trains ${used.join(' and ')})`);
    if (config?.absolutePositions && config.absolutePositions < schedule.sequenceLength)
      problems.push(
        `${at}.absolutePositions: ${config.absolutePositions} is too small (at least schedule.sequenceLength, ${schedule.sequenceLength})`,
      );
  }
  const [g, d] = [model.generator, model.discriminator];
  if (objective.kind === 'rtd' && objective.embeddings === 'shared' && g && d && g.embedding !== d.embedding)
    problems.push(
      `spec.model.generator.embedding: ${g.embedding} differs from the discriminator's ${d.embedding} (a shared table has one width)`,
    );
  return problems;
}

function batchProblems({ schedule: { batchSize, accumulation }, engine: { devices } }: ResolvedPretrain): string[] {
  const unit = accumulation * devices;
  if (batchSize % unit === 0) return [];
  return [
    `spec.schedule.batchSize: ${batchSize} is not a multiple of schedule.accumulation x engine.devices, ${accumulation} x ${devices}`,
  ];
}
