// Stands for @tensorflow/tfjs in the folder of the native binding: kernels must register with the copy that runs the steps.
module.exports = globalThis[Symbol.for('orestes.tfjs')];
