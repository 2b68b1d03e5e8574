import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from '@jest/globals';
import { whyNoNodes } from './nodes/why-no-nodes.js';
import { whyNoCluster } from './why-no-cluster.js';

/** Where nothing is built yet, the programs are first. */
export const FIRST_BUILD_MS = 30 * 60_000;

/** A suite that needs a cluster; where none can be had it is put down as skipped, and says why. */
export const describeCluster = (name: string, suite: () => void): void => describeUnless(whyNoCluster(), name, suite);

/** A suite that needs real nodes. They take minutes: `npm run test:cluster` asks for them. */
export const describeNodes = (name: string, suite: () => void): void =>
  describeUnless(process.env['ORESTES_TEST_NODES'] ? whyNoNodes() : 'npm run test:cluster runs it', name, suite);

/** A suite that is put down as skipped, and says why, where there is a reason. */
export function describeUnless(reason: string | null, name: string, suite: () => void): void {
  if (reason === null) return describe(name, suite);
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(name, () => it(`is skipped: ${reason}`, () => undefined));
}

/** Waits for a condition. @throws Error when it does not come to hold in `ms` */
export async function until(holds: () => Promise<boolean>, ms = 30_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await holds()); await sleep(50))
    if (Date.now() > deadline) throw new Error(`not so in ${ms} ms: ${holds.toString()}`);
}
