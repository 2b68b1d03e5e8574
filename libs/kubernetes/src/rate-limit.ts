import { type Clock, pause, systemClock } from './clock.js';

export interface RateLimit {
  /** Requests a second, on average. */
  qps: number;
  /** How many may go at once after a pause. */
  burst: number;
}

/** A token bucket whose waiters go in the order in which they came: the generic cell rate algorithm (ITU-T I.371). */
export class TokenBucket {
  private readonly intervalMs: number;
  /** When the next request may go, were there no burst. */
  private next = -Infinity;

  constructor(
    private readonly limit: RateLimit,
    private readonly clock: Clock = systemClock,
  ) {
    this.intervalMs = 1000 / limit.qps;
  }

  /** Waits for its turn. A turn that is given up by the signal is lost for the others too. */
  async take(signal?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    const turn = Math.max(this.next, now - (this.limit.burst - 1) * this.intervalMs);
    this.next = turn + this.intervalMs;
    if (turn > now) await pause(turn - now, signal);
    signal?.throwIfAborted();
  }
}
