/** One attempt's worker. */
export interface WorkerOrder {
  attempt: string;
  /** Good for this attempt alone. */
  token: string;
}

/** Starts and ends workers where they run: processes of this machine, or pods. */
export interface Launcher {
  /** Starts a worker. */
  launch(order: WorkerOrder): Promise<void>;
  /** Asks a worker to save and end. */
  stop(attempt: string): Promise<void>;
  /** Ends a worker; returns when it is gone. */
  kill(attempt: string): Promise<void>;
  /**
   * Whether a worker is known to be gone. A worker that this launcher can't see counts as alive: its heartbeat tells.
   * @param place where the worker said that it runs; null before it said anything
   */
  isGone(attempt: string, place: { host: string; pid: number } | null): boolean;
  /** A worker's last words, which it could not report. */
  lastWords(attempt: string): Promise<string[]>;
  /** Lets all workers save and end, and waits for them. */
  stopAll(): Promise<void>;
}
