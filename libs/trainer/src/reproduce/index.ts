import type { Experiment } from './experiment.js';
import { fig3 } from './fig3.js';

/** The paper's claims as experiments, each in a toy form that two cores run in minutes. */
export const experiments = { fig3 } satisfies Record<string, Experiment>;

export type * from './experiment.js';
