import type { EncoderConfig } from '@orestes/contracts';
import { constantOmega } from './admin.js';

/** Shape and initial value of one parameter. */
export interface ParameterSpec {
  shape: number[];
  init: 'normal' | 'zeros' | 'ones' | 'admin';
  /** Standard deviation of `normal`. */
  std?: number;
  /** Initial value of `admin`. */
  value?: number;
}

export type ParameterSpecs = Record<string, ParameterSpec>;

/** The encoder's parameters by name, as docs/model.md lists them. `sharedWord` names a word table that lives elsewhere. */
export function encoderParameters(
  prefix: string,
  config: EncoderConfig,
  vocabularySize: number,
  options: { sharedWord?: string | undefined } = {},
): ParameterSpecs {
  const { hidden, embedding, ffn, heads, layers, initializerStd: std } = config;
  const e = `${prefix}/embeddings`;
  const specs: ParameterSpecs = { [options.sharedWord ?? `${e}/word`]: normal([vocabularySize, embedding], std) };
  if (config.absolutePositions !== null) specs[`${e}/position`] = normal([config.absolutePositions, embedding], std);
  Object.assign(specs, norm(`${e}/norm`, embedding));
  if (embedding !== hidden) Object.assign(specs, dense(`${e}/project`, embedding, hidden, std));
  if (config.relativeBias) specs[`${prefix}/relative_bias`] = normal([config.relativeBias.buckets, heads], std);
  for (let i = 0; i < layers; i++) {
    const layer = `${prefix}/layer_${i}`;
    for (const part of ['query', 'key', 'value', 'output'])
      Object.assign(specs, dense(`${layer}/attention/${part}`, hidden, hidden, std));
    Object.assign(specs, branch(`${layer}/attention`, config));
    Object.assign(specs, dense(`${layer}/ffn/in`, hidden, ffn, std), dense(`${layer}/ffn/out`, ffn, hidden, std));
    Object.assign(specs, branch(`${layer}/ffn`, config));
  }
  return specs;
}

/** MLM head: dense, gelu, norm, then the word table transposed, with a bias of its own. */
export function mlmHeadParameters(prefix: string, config: EncoderConfig, vocabularySize: number): ParameterSpecs {
  return {
    ...dense(`${prefix}/mlm/dense`, config.hidden, config.embedding, config.initializerStd),
    ...norm(`${prefix}/mlm/norm`, config.embedding),
    [`${prefix}/mlm/bias`]: { shape: [vocabularySize], init: 'zeros' },
  };
}

/** Replaced token detection head: one logit a position. */
export function rtdHeadParameters(prefix: string, config: EncoderConfig): ParameterSpecs {
  return {
    ...dense(`${prefix}/rtd/dense`, config.hidden, config.hidden, config.initializerStd),
    ...dense(`${prefix}/rtd/out`, config.hidden, 1, config.initializerStd),
  };
}

/** Classification (or regression: one output) on the first token. */
export function classifierParameters(prefix: string, config: EncoderConfig, outputs: number): ParameterSpecs {
  return {
    ...dense(`${prefix}/classifier/dense`, config.hidden, config.hidden, config.initializerStd),
    ...dense(`${prefix}/classifier/out`, config.hidden, outputs, config.initializerStd),
  };
}

const normal = (shape: number[], std: number): ParameterSpec => ({ shape, init: 'normal', std });

const dense = (name: string, inputs: number, outputs: number, std: number): ParameterSpecs => ({
  [`${name}/kernel`]: normal([inputs, outputs], std),
  [`${name}/bias`]: { shape: [outputs], init: 'zeros' },
});

const norm = (name: string, width: number): ParameterSpecs => ({
  [`${name}/scale`]: { shape: [width], init: 'ones' },
  [`${name}/bias`]: { shape: [width], init: 'zeros' },
});

/** What closes a residual branch: its norm and, with Admin, its omega (1 until a profile sets it). */
function branch(name: string, config: EncoderConfig): ParameterSpecs {
  const specs = norm(`${name}/norm`, config.hidden);
  if (config.admin === 'none') return specs;
  const value = config.admin === 'constant' ? constantOmega(config.layers) : 1;
  return { ...specs, [`${name}/omega`]: { shape: [config.hidden], init: 'admin', value } };
}
