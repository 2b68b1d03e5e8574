import type { ResolvedPretrain } from '@orestes/contracts';
import { stepKey, type DeviceState, type HostArrays, type Program } from '@orestes/engine';
import { detection } from './measures.js';
import type { PretrainBatch, PretrainCorpus, StreamRequest } from './train-context.js';

/** Seed of held-out masks and samples: the same for every run, so that runs can be compared. */
export const EVALUATION_SEED = 0x65766131;

/** Measures on the validation split: the same sequences, masks and random numbers every time. */
export async function heldOut(
  spec: ResolvedPretrain,
  corpus: PretrainCorpus,
  program: Program,
  state: DeviceState,
): Promise<Record<string, number | null>> {
  const { batchSize, accumulation, sequenceLength } = spec.schedule;
  const { masking } = spec.objective;
  const rows = batchSize / accumulation;
  const request = { split: 'validation', seed: EVALUATION_SEED, masking, batchSize: rows, sequenceLength } as const;
  const outputs: HostArrays[] = [];
  for await (const batch of batchesFrom(corpus, request, spec.evaluation.batches * accumulation))
    outputs.push(await program.run(state, { ...batch, key: stepKey(EVALUATION_SEED, outputs.length) }));
  return summary(outputs);
}

/** The first `most` batches of a split, fewer where it is smaller. */
export async function* batchesFrom(
  corpus: PretrainCorpus,
  request: Omit<StreamRequest, 'samples'>,
  most: number,
): AsyncIterable<HostArrays> {
  const batches = Math.min(most, Math.ceil(corpus.sequences(request.split) / request.batchSize));
  let count = 0;
  for await (const batch of corpus.stream({ ...request, samples: 0 })) {
    yield rowsOf(batch);
    if (++count >= batches) return;
  }
}

/** The arrays of a batch that the engine takes. */
export const rowsOf = ({ tokens, masked, length, positions, weights, slot }: PretrainBatch): HostArrays => ({
  tokens,
  masked,
  length,
  positions,
  weights,
  slot,
});

/** Means over all batches, each by its own denominator. */
function summary(batches: HostArrays[]): Record<string, number | null> {
  const mean = (name: string, by: string) => {
    const total = sum(batches.map((b) => b[by]![0]!));
    return sum(batches.map((b) => b[name]![0]! * b[by]![0]!)) / total;
  };
  const values = { mlm_loss: mean('mlm_loss', 'selections'), mlm_accuracy: mean('mlm_accuracy', 'selections') };
  if (!batches[0]?.['rtd_loss']) return values;
  const { accuracy, f1, auroc } = detection(joined(batches, 'rtd_scores'), joined(batches, 'rtd_labels'));
  return {
    ...values,
    rtd_loss: mean('rtd_loss', 'tokens'),
    rtd_accuracy: accuracy,
    rtd_f1: f1,
    rtd_auroc: auroc,
    replaced_rate: mean('replaced_rate', 'selections'),
  };
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** One output of all batches, one after the other. */
export function joined(batches: HostArrays[], name: string): Float32Array {
  const parts = batches.map((b) => b[name]!);
  const out = new Float32Array(sum(parts.map((p) => p.length)));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
