import { describe, it } from '@jest/globals';
import { conformance } from './testing/conformance.js';
import { XlaEngine } from './xla.js';

/** Why the suite cannot run here, or null. */
function obstacle(): string | null {
  try {
    XlaEngine.create('cuda', 1).dispose();
    return null;
  } catch (e) {
    return (e as Error).message;
  }
}

const reason = obstacle();

if (reason === null) describe('xla on cuda', () => conformance(() => Promise.resolve(XlaEngine.create('cuda', 1))));
else {
  process.stderr.write(`skipped: xla on cuda: ${reason}\n`);
  it.skip(`xla on cuda cannot run here: ${reason}`, () => undefined);
}
