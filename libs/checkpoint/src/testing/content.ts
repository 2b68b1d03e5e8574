import type { EncoderConfig } from '@orestes/contracts';
import type { CheckpointContent } from '../save.js';
import type { TensorFile } from '../tensors.js';

const encoder: EncoderConfig = {
  layers: 2,
  hidden: 8,
  heads: 2,
  ffn: 16,
  embedding: 8,
  relativeBias: null,
  absolutePositions: 16,
  admin: 'none',
  dropout: 0,
  attentionDropout: 0,
  initializerStd: 0.02,
};

/**
 * A checkpoint whose every tensor follows from the step.
 * @param elements of each of its three float32 tensors
 */
export function contentOf(step: number, elements = 1000): CheckpointContent {
  const tensor = (offset: number) => {
    const data = Float32Array.from({ length: elements }, (_, i) => step + offset + i / elements);
    return { shape: [elements / 2, 2], dtype: 'float32' as const, data };
  };
  const tensors: TensorFile = {
    'encoder/embeddings/word': tensor(0.25),
    'encoder/layer_0/ffn/norm/scale': tensor(0.5),
    'optimizer/encoder/m/encoder/embeddings/word': tensor(0.75),
    step: { shape: [], dtype: 'int32', data: Int32Array.of(step) },
  };
  return {
    step,
    samples: step * 16,
    spec: { kind: 'pretrain', seed: 1, nested: { b: 1, a: [1, null, 'ü'] } },
    recipeHash: 'ab'.repeat(32),
    encoders: { encoder },
    vocabularySize: 100,
    tensors,
    tokenizerJson: `{"version":"1.0","step":${step},"text":"日本"}`,
  };
}
