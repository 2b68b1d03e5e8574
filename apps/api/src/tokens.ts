/** What is injected by name: values that are no classes. */
export const CONFIG = Symbol('config');
export const LOG = Symbol('log');
export const LAUNCHER = Symbol('launcher');
/** Tells service accounts of a cluster; null on one machine. */
export const IDENTITY = Symbol('identity');
/** Functions that find places for queued jobs. */
export const PLACING = Symbol('placing');
