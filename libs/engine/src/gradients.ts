import * as tf from '@tensorflow/tfjs';

// Without this tfjs advertises its other backends on stderr.
tf.enableProdMode();

/**
 * tfjs's own gradients of sum and mean multiply by a tensor of ones made on the host: at the size of a vocabulary that is
 * gigabytes while tracing. These broadcast instead. They hold for every backend.
 */
function spread(dy: tf.Tensor, shape: number[], axis: number | number[]): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis, shape);
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return tf.broadcastTo(tf.reshape(dy, kept), shape);
}

tf.registerGradient({
  kernelName: 'Sum',
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attrs) => ({ x: () => spread(dy as tf.Tensor, x!.shape, attrs['axis'] as unknown as number[]) }),
});

tf.registerGradient({
  kernelName: 'Mean',
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attrs) => ({
    x: () => {
      const axes = tf.util.parseAxisParam(attrs['axis'] as unknown as number[], x!.shape);
      const count = tf.util.sizeFromShape(axes.map((a) => x!.shape[a]!));
      return spread(tf.mul(dy as tf.Tensor, 1 / count), x!.shape, axes);
    },
  }),
});

// tfjs transposes the result where the axis is not the last: wrong values for square matrices.
tf.registerGradient({
  kernelName: 'Cumsum',
  inputsToSave: ['x'],
  gradFunc: (dy, _, attrs) => {
    const { axis, exclusive, reverse } = attrs as unknown as { axis: number; exclusive: boolean; reverse: boolean };
    return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) };
  },
});
