/** What is injected by name: values that are no classes. */
export const CONFIG = Symbol('config');
export const LOG = Symbol('log');
export const LAUNCHER = Symbol('launcher');
