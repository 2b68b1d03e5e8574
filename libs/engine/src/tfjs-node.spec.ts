import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { EagerEngine } from './eager.js';
import { conformance } from './testing/conformance.js';
import { keepsNoTensors } from './testing/tensors.js';
import { tfjsNodeFolder } from './tfjs-backends.js';

const installed = existsSync(join(tfjsNodeFolder('tfjs-node'), 'installed.json'));

if (installed)
  describe('tfjs-node', () => {
    conformance(() => EagerEngine.create('tfjs-node'));
    keepsNoTensors('tfjs-node');
  });
else {
  const reason = 'not installed here (npm run setup -- --engine tfjs-node)';
  process.stderr.write(`skipped: tfjs-node: ${reason}\n`);
  it.skip(`tfjs-node is ${reason}`, () => undefined);
}
