import type { FinetuneResult, FinetuneSpec } from '@orestes/contracts';
import { createEngine } from '@orestes/engine';
import { openStore } from '@orestes/storage';
import { finetune as train } from '@orestes/trainer';
import type { JobContext } from './report.js';

export async function finetune(spec: FinetuneSpec, ctx: JobContext): Promise<FinetuneResult> {
  const engine = await createEngine(spec.engine);
  try {
    return await train(spec, { engine, store: openStore(spec.output), ...ctx });
  } finally {
    engine.dispose();
  }
}
