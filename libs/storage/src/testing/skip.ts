import { describe, it } from '@jest/globals';

/** Puts a suite that cannot run here down as skipped, and prints why. */
export function describeSkipped(name: string, reason: string): void {
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(name, () => it(`is skipped: ${reason}`, () => undefined));
}
