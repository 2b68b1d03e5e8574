import type { PretrainResult, PretrainSpec } from '@orestes/contracts';
import { createEngine } from '@orestes/engine';
import { openStore } from '@orestes/storage';
import { pretrain as train, resolvePretrain } from '@orestes/trainer';
import { openPretrainCorpus } from './pretrain-corpus.js';
import type { JobContext } from './report.js';

export async function pretrain(spec: PretrainSpec, ctx: JobContext): Promise<PretrainResult> {
  const resolved = resolvePretrain(spec);
  const corpus = await openPretrainCorpus(spec.corpus);
  const engine = await createEngine(spec.engine);
  try {
    return await train(resolved, { engine, corpus, store: openStore(spec.output), ...ctx });
  } finally {
    engine.dispose();
  }
}
