import * as tf from '@tensorflow/tfjs';

/** Kernel that every backend registers: inputs `key` int32 [2] and `use` int32 []; attribute `shape`; output float32 in [0, 1). */
export const UNIFORM = 'OrestesUniform';

const USES_PER_MICRO_BATCH = 65536;

/**
 * The random numbers of one step. Uses are counted while the step is traced, so a step that is traced again, or resumed,
 * draws the same numbers.
 */
export class RandomStream {
  private uses = 0;

  /**
   * @param key int32 [2]: the step's key
   * @param microBatch int32 []: which micro-batch of an accumulated step this is
   */
  constructor(
    private readonly key: tf.Tensor,
    private readonly microBatch?: tf.Tensor,
  ) {}

  /** A stream that goes on from here; this one stays. */
  copy(): RandomStream {
    const copy = new RandomStream(this.key, this.microBatch);
    copy.uses = this.uses;
    return copy;
  }

  /** Goes on from where another stream is. */
  follow(other: RandomStream): void {
    this.uses = other.uses;
  }

  /** Uniform floats in [0, 1) of the given shape. */
  uniform(shape: readonly number[]): tf.Tensor {
    const own = tf.scalar(this.uses++, 'int32');
    const use = this.microBatch ? tf.add(own, tf.mul(this.microBatch, tf.scalar(USES_PER_MICRO_BATCH, 'int32'))) : own;
    return tf.engine().runKernel(UNIFORM, { key: this.key, use }, { shape: [...shape] });
  }

  /** Keeps an element when its uniform is >= rate, and divides by 1 - rate. Rate 0 draws nothing. */
  dropout(x: tf.Tensor, rate: number): tf.Tensor {
    if (rate === 0) return x;
    const kept = tf.greaterEqual(this.uniform(x.shape), rate);
    return tf.where(kept, tf.mul(x, 1 / (1 - rate)), tf.zerosLike(x));
  }

  /**
   * A draw from softmax(logits) per row, by the Gumbel-max trick. logits [N,V] -> int32 [N]. Uniforms are raised to at least
   * 2^-25 rather than shifted by it: in float32 a shift rounds the largest one to 1, whose noise is infinite.
   */
  categorical(logits: tf.Tensor): tf.Tensor {
    const gumbel = tf.neg(tf.log(tf.neg(tf.log(tf.maximum(this.uniform(logits.shape), 2 ** -25)))));
    return tf.argMax(tf.add(logits, gumbel), -1);
  }
}
