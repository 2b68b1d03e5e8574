export { expand, type JobNode } from './expand.js';
export { ranking, type RankedJob, type RankedResult } from './leaderboard/ranking.js';
export { toCsv } from './leaderboard/csv.js';
export { toLatex } from './leaderboard/latex.js';
export { toMarkdown } from './leaderboard/markdown.js';
export { published } from './leaderboard/published.js';
export * from './outcome.js';
export * from './states.js';
export { MOST_AHEAD, why, type Situation } from './why.js';
