import type { ReproduceContext } from './experiment.js';

/** Tells how far an experiment is: steps over all its runs, and how long the rest will take at the pace so far. */
export class Countdown {
  private done = 0;
  private measured = 0;
  private reused = 0;
  private startedAt: number | null = null;

  /** @param total steps of all runs together, and tokens of one step */
  constructor(
    private readonly total: { steps: number; tokensPerStep: number },
    private readonly ctx: ReproduceContext,
  ) {}

  /** A run that was finished before. */
  skip(steps: number): void {
    this.done += steps;
    this.reused++;
  }

  /** A step was trained. The pace counts from the first one on: what comes before is compiling. */
  readonly step = (values: Record<string, number>): void => {
    if (this.reused > 0) this.notice(`${this.reused} runs were finished before: their numbers are used`);
    this.reused = 0;
    const now = performance.now();
    this.startedAt ??= now;
    this.done = Math.min(this.done + 1, this.total.steps);
    const perSecond = (1000 * this.measured++) / Math.max(1, now - this.startedAt);
    this.ctx.report({
      kind: 'progress',
      step: this.done,
      maxSteps: this.total.steps,
      values,
      tokensPerSecond: perSecond * this.total.tokensPerStep,
      etaSeconds: (this.total.steps - this.done) / perSecond,
    });
  };

  /** All runs are there. */
  end(): void {
    if (this.reused > 0)
      this.notice(`all ${this.reused} runs were finished before: their numbers are used, none is run`);
  }

  notice(message: string): void {
    this.ctx.report({ kind: 'notice', message });
  }
}
