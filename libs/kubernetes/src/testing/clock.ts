import type { Clock } from '../clock.js';

/** Time that goes on only when it is told to. */
export class FakeClock implements Clock {
  private time = 0;
  private timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((other) => other !== timer));
  }

  /** Runs what is due on the way, in order, and lets what waits on promises go on. */
  async advance(ms: number): Promise<void> {
    await turn();
    const end = this.time + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers = this.timers.filter((other) => other !== due);
      this.time = due.at;
      due.run();
      await turn();
    }
    this.time = end;
    await turn();
  }
}

/** Lets everything go on that waits for nothing but promises. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
