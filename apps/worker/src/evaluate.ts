import { parseDocument, EvaluateResult, type EvaluateSpec } from '@orestes/contracts';
import { createEngine } from '@orestes/engine';
import { openStore } from '@orestes/storage';
import { evaluate as measure } from '@orestes/trainer';
import { openPretrainCorpus } from './pretrain-corpus.js';
import type { JobContext } from './report.js';

export async function evaluate(spec: EvaluateSpec, ctx: JobContext): Promise<EvaluateResult> {
  const corpus = await openPretrainCorpus(spec.corpus);
  const engine = await createEngine(spec.engine);
  try {
    const result = parseDocument(EvaluateResult, await measure(spec, { engine, corpus, signal: ctx.signal }), 'result');
    await openStore(spec.output).put('result.json', Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
    return result;
  } finally {
    engine.dispose();
  }
}
