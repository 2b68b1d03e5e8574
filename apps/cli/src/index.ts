export { EXIT, print, reportFailure, table } from './output.js';
export { pages } from './commands/history.js';
export { Progress } from './progress.js';
export { ServiceClient } from './service/client.js';
export { followJob } from './service/follow-job.js';
export { assertSucceeded } from './service/outcome.js';
