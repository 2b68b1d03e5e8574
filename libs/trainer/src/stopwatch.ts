/** Speed of a training loop, from the time its recent steps took, waiting for data included. */
export class Stopwatch {
  private stepMs: number | null = null;
  private steps = 0;
  private waitedMs = 0;
  private totalMs = 0;
  private mark = performance.now();

  /** Starts a step's time; what happened since the last step (evaluation, checkpoint) doesn't count. */
  start(): void {
    this.mark = performance.now();
  }

  /** The step's data is here. */
  dataReady(): void {
    this.waitedMs += performance.now() - this.mark;
  }

  stop(): void {
    const ms = performance.now() - this.mark;
    this.totalMs += ms;
    this.steps++;
    // The first step compiles: it says nothing of the others.
    this.stepMs = this.stepMs === null || this.steps === 2 ? ms : 0.9 * this.stepMs + 0.1 * ms;
    this.mark = performance.now();
  }

  perSecond(amountPerStep: number): number {
    return this.stepMs === null ? 0 : (1000 * amountPerStep) / this.stepMs;
  }

  secondsFor(steps: number): number {
    return ((this.stepMs ?? 0) * steps) / 1000;
  }

  /** Share of the time of all steps that went into waiting for data. */
  waitShare(): number {
    return this.totalMs === 0 ? 0 : this.waitedMs / this.totalMs;
  }
}
