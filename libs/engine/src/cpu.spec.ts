import { describe } from '@jest/globals';
import { EagerEngine } from './eager.js';
import { conformance } from './testing/conformance.js';
import { keepsNoTensors } from './testing/tensors.js';

describe('cpu', () => {
  conformance(() => EagerEngine.create('cpu'));
  keepsNoTensors('cpu');
});
