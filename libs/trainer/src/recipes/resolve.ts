import {
  documentHash,
  InvalidDocument,
  parseDocument,
  ResolvedPretrain,
  type Models,
  type Objective,
  type PretrainSpec,
  type Problem,
} from '@orestes/contracts';
import { checkOptimizersFit } from '../optimizers/groups.js';
import { recipes } from './index.js';
import { merged } from './merge.js';

/**
 * A pretraining spec with its recipe filled in and every rule checked.
 * @throws InvalidDocument, UserError OPTIMIZERS_UNFIT naming each field that is wrong
 */
export function resolvePretrain(spec: PretrainSpec): ResolvedPretrain {
  const values = recipes[spec.recipe].sizes[spec.size];
  const filled = Object.fromEntries(
    (['model', 'objective', 'optimizers', 'schedule'] as const).map((key) => [key, merged(values[key], spec[key])]),
  );
  const resolved = parseDocument(ResolvedPretrain, { ...spec, ...filled }, 'spec');
  const problems = [...modelProblems(resolved), ...batchProblems(resolved)];
  if (problems.length > 0) throw new InvalidDocument('spec', problems);
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

function modelProblems({ model, objective, schedule }: ResolvedPretrain): Problem[] {
  const used: readonly string[] = USES[objective.kind];
  const problems: Problem[] = [];
  for (const name of ['encoder', 'generator', 'discriminator'] as const) {
    const path = ['model', name];
    const config = model[name];
    if (!config && used.includes(name))
      problems.push({ path, message: `missing (objective ${objective.kind} trains it)` });
    if (config && !used.includes(name))
      problems.push({
        path,
        message: `objective ${objective.kind} has no use for it (it trains ${used.join(' and ')})`,
      });
    if (config?.absolutePositions && config.absolutePositions < schedule.sequenceLength)
      problems.push({
        path: [...path, 'absolutePositions'],
        message: `${config.absolutePositions} is too small (at least schedule.sequenceLength, ${schedule.sequenceLength})`,
      });
  }
  const [g, d] = [model.generator, model.discriminator];
  if (objective.kind === 'rtd' && objective.embeddings === 'shared' && g && d && g.embedding !== d.embedding)
    problems.push({
      path: ['model', 'generator', 'embedding'],
      message: `${g.embedding} differs from the discriminator's ${d.embedding} (a shared table has one width)`,
    });
  return problems;
}

function batchProblems({ schedule: { batchSize, accumulation }, engine: { devices } }: ResolvedPretrain): Problem[] {
  if (batchSize % (accumulation * devices) === 0) return [];
  const message = `${batchSize} is not a multiple of schedule.accumulation x engine.devices, ${accumulation} x ${devices}`;
  return [{ path: ['schedule', 'batchSize'], message }];
}
