export { operatorConfig, OperatorFile, type OperatorConfig } from './config.js';
export { attemptJob } from './act/children.js';
export { Ledger, type Standing } from './admission/ledger.js';
export { nextAction } from './decide/next-action.js';
export type { Action, Observed } from './decide/observed.js';
export { runOperator } from './operator.js';
