import * as tf from '@tensorflow/tfjs';
import type { EncoderConfig, Models } from '@orestes/contracts';
import { encode } from '../model/encoder.js';
import { rtdLogits } from '../model/heads.js';
import { binaryCrossEntropy } from '../model/ops.js';
import { encoderParameters, mlmHeadParameters, rtdHeadParameters } from '../model/parameters.js';
import { mlmStage, needed } from './mlm.js';
import type { MaskedBatch, PretrainObjective, Stage, StageContext } from './objective.js';

export const SHARED_WORD = 'shared/embeddings/word';

/** Replaced token detection (Clark et al. 2020): a generator fills the masks, a discriminator tells which tokens are new. */
export function rtd(models: Models, options: { embeddings: 'separate' | 'shared' }): PretrainObjective {
  const generator = needed(models, 'generator', 'rtd');
  const discriminator = needed(models, 'discriminator', 'rtd');
  const sharedWord = options.embeddings === 'shared' ? SHARED_WORD : undefined;
  return {
    encoders: { generator, discriminator },
    parameters: (v) => ({
      ...encoderParameters('generator', generator, v, { sharedWord }),
      ...mlmHeadParameters('generator', generator, v),
      ...encoderParameters('discriminator', discriminator, v, { sharedWord }),
      ...rtdHeadParameters('discriminator', discriminator),
    }),
    stages: [
      mlmStage('generator', generator, sharedWord ?? 'generator/embeddings/word', corrupt),
      rtdStage('discriminator', discriminator, sharedWord ?? 'discriminator/embeddings/word'),
    ],
  };
}

/** Fills the selected positions with draws from the generator. A draw that equals the original isn't replaced. */
export function corrupt(
  logits: tf.Tensor,
  { batch, stream, totals }: Pick<StageContext, 'batch' | 'stream' | 'totals'>,
) {
  const sampled = stream.categorical(logits);
  const zero = tf.scalar(0, 'int32');
  const filled = tf.gather(sampled, tf.reshape(tf.maximum(batch.slot, zero), [-1]).toInt());
  const corrupted = tf.where(tf.greaterEqual(batch.slot, zero), tf.reshape(filled, batch.slot.shape), batch.tokens);
  const labels = tf.cast(tf.notEqual(corrupted, batch.tokens), 'float32');
  return { sums: { replaced_rate: tf.div(tf.sum(labels), totals.selections) }, passed: { corrupted, labels } };
}

/** L_D: mean over tokens that are not padding of BCE(logit, 1 if replaced). */
export function rtdStage(encoder: string, config: EncoderConfig, word: string): Stage {
  return {
    encoder,
    weighted: true,
    run(p, context) {
      const { batch, stream, training, remat, totals, passed } = context;
      const inputs = { tokens: passed['corrupted']!, length: batch.length };
      const omega = context.omega?.(encoder);
      const hidden = encode(p, encoder, config, inputs, { dropout: training ? stream : null, word, remat, omega });
      const scores = rtdLogits(p, encoder, hidden, batch.tokens.shape[0]);
      const labels = passed['labels']!;
      const real = realTokens(batch);
      const loss = tf.div(tf.sum(tf.mul(binaryCrossEntropy(scores, labels), real)), totals.tokens);
      // Padding is labelled -1: labels are 0 there, so label + real - 1 is.
      const reported = { rtd_scores: scores, rtd_labels: tf.sub(tf.add(labels, real), 1) };
      return { loss, sums: { rtd_loss: loss }, rows: reported, passed: {} };
    },
  };
}

/** 1 where a token is, 0 on padding: float [B, S]. */
function realTokens({ tokens, length }: MaskedBatch): tf.Tensor {
  const [batch, width] = tokens.shape as [number, number];
  const positions = tf.reshape(tf.range(0, width, 1, 'int32'), [1, width]);
  return tf.cast(tf.less(positions, tf.reshape(length, [batch, 1])), 'float32');
}
