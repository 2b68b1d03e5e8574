export { EXIT, print, reportFailure, table } from './output.js';
export { Progress } from './progress.js';
export { stopOnSignal } from './stop.js';
