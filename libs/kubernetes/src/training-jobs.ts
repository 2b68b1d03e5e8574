import { TRAINING_JOB, type TrainingJob } from '@orestes/contracts';
import { resource } from './resources.js';

export const TRAINING_JOBS = resource<TrainingJob>({ ...TRAINING_JOB, namespaced: true });
