import * as tf from '@tensorflow/tfjs';
import { UserError, type EncoderConfig, type Models } from '@orestes/contracts';
import type { Tensors } from '@orestes/engine';
import { encode } from '../model/encoder.js';
import { mlmLogits } from '../model/heads.js';
import { crossEntropy } from '../model/ops.js';
import { encoderParameters, mlmHeadParameters } from '../model/parameters.js';
import type { MaskedBatch, PretrainObjective, Stage } from './objective.js';

/** Masked language modelling alone (RoBERTa: dynamic masks, no next-sentence prediction). */
export function mlm(models: Models): PretrainObjective {
  const config = needed(models, 'encoder', 'mlm');
  return {
    encoders: { encoder: config },
    parameters: (v) => ({ ...encoderParameters('encoder', config, v), ...mlmHeadParameters('encoder', config, v) }),
    stages: [mlmStage('encoder', config, 'encoder/embeddings/word')],
  };
}

/** @throws UserError MODEL_MISSING, MODEL_UNUSED */
export function needed(models: Models, name: keyof Models, objective: string): EncoderConfig {
  const config = models[name];
  if (!config) throw new UserError('MODEL_MISSING', `spec.model.${name}: missing (objective ${objective} trains it)`);
  return config;
}

/**
 * L_G = sum(weights * nll) / sum(weights) over the selected positions.
 * @param finish what else the logits [B*M, V] are used for, outside of the gradient
 */
export function mlmStage(
  encoder: string,
  config: EncoderConfig,
  word: string,
  finish: (logits: tf.Tensor, context: Parameters<Stage['run']>[1]) => { sums: Tensors; passed: Tensors } = () => ({
    sums: {},
    passed: {},
  }),
): Stage {
  return {
    encoder,
    weighted: false,
    run(p, context) {
      const { batch, stream, training, remat, totals } = context;
      const inputs = { tokens: batch.masked, length: batch.length };
      const omega = context.omega?.(encoder);
      const hidden = encode(p, encoder, config, inputs, { dropout: training ? stream : null, word, remat, omega });
      const logits = mlmLogits(p, encoder, config, hidden, batch.positions, word);
      const { nll, correct } = crossEntropy(logits, targets(batch));
      const share = tf.div(tf.reshape(batch.weights, [-1]), totals.selections);
      const loss = tf.sum(tf.mul(share, nll));
      const { sums, passed } = finish(logits, context);
      return {
        loss,
        sums: { mlm_loss: loss, mlm_accuracy: tf.sum(tf.mul(share, correct)), ...sums },
        rows: {},
        passed,
      };
    },
  };
}

/** The original tokens at the selected positions: int32 [B*M]. */
function targets({ tokens, positions }: MaskedBatch): tf.Tensor {
  const [batch, length] = tokens.shape as [number, number];
  const starts = tf.reshape(tf.range(0, batch * length, length, 'int32'), [batch, 1]);
  return tf.gather(tf.reshape(tokens, [batch * length]), tf.reshape(tf.add(positions, starts), [-1]).toInt());
}
