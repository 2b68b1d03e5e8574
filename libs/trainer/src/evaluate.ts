import { readCheckpoint, resolveCheckpoint } from '@orestes/checkpoint';
import {
  type CheckpointManifest,
  type EncoderConfig,
  type EvaluateResult,
  type EvaluateSpec,
  OrestesError,
  parseDocument,
  ResolvedPretrain,
  sha256,
  UserError,
} from '@orestes/contracts';
import { stepKey, type DeviceState, type HostArrays, type Program } from '@orestes/engine';
import { batchSpecs, forwardStep, KEY, type Compilable } from './forward-step.js';
import { batchesFrom, joined } from './held-out.js';
import { detection } from './measures.js';
import { encoderParameters, mlmHeadParameters, rtdHeadParameters, type ParameterSpecs } from './model/parameters.js';
import { mlmStage } from './objectives/mlm.js';
import { corrupt, rtdStage, SHARED_WORD } from './objectives/rtd.js';
import { tensorSpecs } from './pretrain-step.js';
import { arraysOf } from './run-checkpoints.js';
import type { StreamRequest, TrainContext } from './train-context.js';

/** One encoder of a checkpoint, under a name of its own. */
interface Standalone {
  config: EncoderConfig;
  manifest: CheckpointManifest;
  spec: ResolvedPretrain;
  arrays: HostArrays;
}

/**
 * Replaced token detection of a discriminator against a frozen standalone generator (Dong et al. 2023, appendix D): measures
 * of discriminators that were trained with different generators can be compared this way. The generator's own masking is used.
 * @throws UserError ENCODER_MISSING, TOKENIZER_MISMATCH; OrestesError CHECKPOINT_ARCHITECTURE, NOTHING_TO_DETECT, INTERRUPTED
 */
export async function evaluate(
  spec: EvaluateSpec,
  ctx: Pick<TrainContext, 'engine' | 'corpus' | 'signal'>,
): Promise<EvaluateResult> {
  const generator = await standalone(spec.generator, ['generator', 'encoder'], 'generator', mlmHeadParameters);
  const discriminator = await standalone(spec.discriminator, ['discriminator'], 'discriminator', rtdHeadParameters);
  assertOneTokenizer(spec, generator, discriminator, ctx.corpus.tokenizerJson);
  const { sequenceLength } = discriminator.spec.schedule;
  const reach = generator.config.absolutePositions ?? sequenceLength;
  if (reach < sequenceLength)
    throw new UserError(
      'SEQUENCE_TOO_LONG',
      `spec.generator: ${spec.generator} has ${reach} positions, the discriminator's sequences ${sequenceLength} tokens`,
    );
  const { masking } = generator.spec.objective;
  const program = evaluationProgram(spec, generator, discriminator, {
    sequenceLength,
    selections: ctx.corpus.selections(masking, sequenceLength),
  });
  const compiled = await ctx.engine.compile(program.step, program, {
    name: 'standalone evaluation',
    precision: spec.engine.precision,
    replicatedBatch: ['key'],
  });
  const state = ctx.engine.upload({ ...generator.arrays, ...discriminator.arrays }, program.state);
  try {
    return await measured(spec, ctx, compiled, state, { masking, sequenceLength });
  } finally {
    state.dispose();
    compiled.dispose();
  }
}

async function measured(
  spec: EvaluateSpec,
  ctx: Pick<TrainContext, 'corpus' | 'signal'>,
  compiled: Program,
  state: DeviceState,
  { masking, sequenceLength }: Pick<StreamRequest, 'masking' | 'sequenceLength'>,
): Promise<EvaluateResult> {
  const outputs: HostArrays[] = [];
  const request = { split: 'validation', seed: spec.seed, masking, batchSize: spec.batchSize, sequenceLength } as const;
  for await (const batch of batchesFrom(ctx.corpus, request, spec.batches)) {
    if (ctx.signal.aborted)
      throw new OrestesError(
        'INTERRUPTED',
        `stopped after ${outputs.length} of ${spec.batches} batches; nothing is saved`,
      );
    outputs.push(await compiled.run(state, { ...batch, key: stepKey(spec.seed, outputs.length) }));
  }
  const found = detection(joined(outputs, 'rtd_scores'), joined(outputs, 'rtd_labels'));
  const { accuracy, f1, auroc, tokens } = found;
  if (auroc === null)
    throw new OrestesError('NOTHING_TO_DETECT', `spec.generator: ${spec.generator} replaced none of ${tokens} tokens`);
  return { kind: 'evaluate', accuracy, f1, auroc, replacedRate: replacedRate(outputs), tokens };
}

/** Of all selections, the share that the generator changed. */
function replacedRate(outputs: HostArrays[]): number {
  const selections = outputs.map((o) => o['selections']![0]!);
  const replaced = outputs.map((o, i) => o['replaced_rate']![0]! * selections[i]!);
  return replaced.reduce((a, b) => a + b, 0) / selections.reduce((a, b) => a + b, 0);
}

/** Reads the first of the encoders that the checkpoint has, and renames its parameters to `as/...`. */
async function standalone(
  address: string,
  names: readonly string[],
  as: 'generator' | 'discriminator',
  head: (prefix: string, config: EncoderConfig, vocabularySize: number) => ParameterSpecs,
): Promise<Standalone> {
  const { store, key } = await resolveCheckpoint(address);
  const { manifest, tensors } = await readCheckpoint(store, key, { names: (n) => !n.startsWith('optimizer/') });
  const name = names.find((n) => manifest.encoders[n]);
  const config = name === undefined ? undefined : manifest.encoders[name];
  if (!config)
    throw new UserError(
      'ENCODER_MISSING',
      `spec.${as}: ${address} has no ${names.join(' or ')} (it has ${Object.keys(manifest.encoders).join(', ')})`,
    );
  const renamed = Object.fromEntries(
    Object.entries(tensors).flatMap(([full, tensor]) => {
      if (full === SHARED_WORD) return [[`${as}/embeddings/word`, tensor] as const];
      return full.startsWith(`${name}/`) ? [[`${as}${full.slice(name!.length)}`, tensor] as const] : [];
    }),
  );
  const v = manifest.vocabularySize;
  const specs = tensorSpecs({ ...encoderParameters(as, config, v), ...head(as, config, v) });
  return {
    config,
    manifest,
    spec: parseDocument(ResolvedPretrain, manifest.spec, `${address}: manifest.spec`),
    arrays: arraysOf(renamed, specs, address),
  };
}

function evaluationProgram(
  spec: EvaluateSpec,
  generator: Standalone,
  discriminator: Standalone,
  shape: { sequenceLength: number; selections: number },
): Compilable {
  const v = discriminator.manifest.vocabularySize;
  const parameters = {
    ...encoderParameters('generator', generator.config, v),
    ...mlmHeadParameters('generator', generator.config, v),
    ...encoderParameters('discriminator', discriminator.config, v),
    ...rtdHeadParameters('discriminator', discriminator.config),
  };
  const stages = [
    mlmStage('generator', generator.config, 'generator/embeddings/word', corrupt),
    rtdStage('discriminator', discriminator.config, 'discriminator/embeddings/word'),
  ];
  const batch = { ...batchSpecs(spec.batchSize, shape.sequenceLength, shape.selections), ...KEY };
  return { state: tensorSpecs(parameters), batch, step: forwardStep(stages) };
}

function assertOneTokenizer(
  spec: EvaluateSpec,
  generator: Standalone,
  discriminator: Standalone,
  corpus: string,
): void {
  const wanted = discriminator.manifest.tokenizer;
  const others = { generator: generator.manifest.tokenizer, corpus: sha256(corpus) };
  for (const [name, digest] of Object.entries(others) as ['generator' | 'corpus', string][])
    if (digest !== wanted)
      throw new UserError(
        'TOKENIZER_MISMATCH',
        `spec.${name}: ${spec[name]} has another tokenizer (${digest.slice(0, 12)}) than the discriminator (${wanted.slice(0, 12)}); their token numbers mean different words`,
      );
}
