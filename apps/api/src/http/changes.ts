import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Another instance of the service may have made the change: nobody is told of that, so it is looked for now and then. */
const LOOK_MS = 1000;

/** Tells readers in this process that a job has changed. */
export class Changes {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  tell(job: string): void {
    this.emitter.emit(job);
  }

  /** Resolves when the job changes, or after a while. */
  async of(job: string): Promise<void> {
    const end = new AbortController();
    const change = once(this.emitter, job, { signal: end.signal });
    const pause = sleep(LOOK_MS, undefined, { signal: end.signal });
    await Promise.race([change, pause].map((wait) => wait.catch(() => undefined)));
    end.abort();
  }
}
