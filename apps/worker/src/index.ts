export { runJob } from './job.js';
export { openPretrainCorpus } from './pretrain-corpus.js';
export type { JobContext, JobReport } from './report.js';
