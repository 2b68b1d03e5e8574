import { PretrainSpec, type ResolvedPretrain } from '@orestes/contracts';
import { stepKey, threefry, type HostArrays } from '@orestes/engine';
import { merged } from '../recipes/merge.js';
import { resolvePretrain } from '../recipes/resolve.js';

import { VOCABULARY } from './memory-corpus.js';

export { VOCABULARY };
export const SELECTIONS = 2;
const MASK = 4;

const encoder = { layers: 1, hidden: 16, heads: 2, ffn: 24, embedding: 16 };

/** A spec small enough for an eager engine: sequences of 8 tokens, width 16. */
export function tinySpec(
  recipe: PretrainSpec['recipe'] = 'decoupled-optim',
  overrides: Record<string, unknown> = {},
): ResolvedPretrain {
  const model =
    recipe === 'roberta' ? { encoder } : { generator: encoder, discriminator: { ...encoder, layers: 2, ffn: 32 } };
  const fields = {
    kind: 'pretrain',
    name: 'tiny',
    output: 'memory',
    corpus: 'corpus',
    recipe,
    size: 'tiny',
    engine: { name: 'cpu' },
    model,
    schedule: { maxSteps: 20, warmupSteps: 4, batchSize: 4, sequenceLength: 8 },
  };
  return resolvePretrain(PretrainSpec.parse(merged(fields, overrides)));
}

/** A masked batch, a function of `seed` alone: B sequences of S tokens, the last a few tokens shorter. */
export function tinyBatch(spec: ResolvedPretrain, seed: number): HostArrays {
  const { batchSize: rows, sequenceLength: length } = spec.schedule;
  const draw = (n: number) => (threefry([seed, 7], [n, 0])[0] >>> 0) / 2 ** 32;
  const tokens = Int32Array.from({ length: rows * length }, (_, n) => 5 + Math.floor(draw(n) * (VOCABULARY - 5)));
  const lengths = Int32Array.from({ length: rows }, (_, b) => (b === rows - 1 ? length - 3 : length));
  const masked = tokens.slice();
  const positions = new Int32Array(rows * SELECTIONS);
  const weights = new Float32Array(rows * SELECTIONS);
  const slot = new Int32Array(rows * length).fill(-1);
  for (let b = 0; b < rows; b++) {
    for (let s = lengths[b]!; s < length; s++) tokens[b * length + s] = masked[b * length + s] = 0;
    // Row 0 has one selection, so that one slot is filling up.
    for (let m = 0; m < (b === 0 ? 1 : SELECTIONS); m++) {
      const position = 1 + 2 * m + Math.floor(draw(1000 + b * SELECTIONS + m) * 2);
      positions[b * SELECTIONS + m] = position;
      weights[b * SELECTIONS + m] = 1;
      slot[b * length + position] = b * SELECTIONS + m;
      masked[b * length + position] = MASK;
    }
  }
  return { tokens, masked, length: lengths, positions, weights, slot, key: stepKey(spec.seed, seed) };
}
