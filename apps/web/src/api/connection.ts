import { observable } from '../hooks/observable.js';

/** Whether the API answered last time. */
export const connected = observable(true);
