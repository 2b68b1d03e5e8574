const SHOWN = 10;

/** Answers that were not what they should be. */
export class Faults {
  count = 0;

  add(text: string): void {
    if (this.count++ < SHOWN) process.stderr.write(`fault: ${text}\n`);
  }

  /** @param what is counted */
  equal(what: string, found: number, wanted: number): void {
    if (found !== wanted) this.add(`${what}: ${found}, not ${wanted}`);
  }
}
