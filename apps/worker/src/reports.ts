export { lastingLine, measures, movingLine } from './describe.js';
export type { JobReport } from './report.js';
