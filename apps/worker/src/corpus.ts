import type { CorpusManifest, CorpusSpec } from '@orestes/contracts';
import { buildCorpus } from '@orestes/corpus';
import type { JobContext } from './report.js';

export function corpus(spec: CorpusSpec, { report, signal }: JobContext): Promise<CorpusManifest> {
  return buildCorpus(spec, (progress) => report({ kind: 'corpus', ...progress }), { signal });
}
