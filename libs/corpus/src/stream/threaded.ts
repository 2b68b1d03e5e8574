import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { OrestesError } from '@orestes/contracts';
import type { PretrainBatch } from './batch.js';
import { receiveError, type ThreadMessage, type ThreadTask } from './thread-messages.js';

/** The compiled thread, beside this file or, when this is the TypeScript source, under dist/. Null where it is not built. */
export function threadFile(): string | null {
  const own = fileURLToPath(import.meta.url);
  const file = own.replace(/\.ts$/, '.js').replace(/([\\/])src([\\/]stream[\\/])threaded\.js$/, '$1dist$2threaded.js');
  const thread = file.replace(/threaded\.js$/, 'thread.js');
  return existsSync(thread) ? thread : null;
}

type Result = IteratorResult<PretrainBatch, undefined>;

/**
 * Batches from a thread of their own. The thread's failure, in whatever way, rejects the next call: no call waits for
 * ever. A stream that is not read does not keep the process alive.
 */
export class ThreadedBatches implements AsyncIterableIterator<PretrainBatch> {
  private readonly thread: Worker;
  private readonly ready: PretrainBatch[] = [];
  private readonly waiting: { resolve: (result: Result) => void; reject: (error: Error) => void }[] = [];
  /** Set once: how the stream ended. */
  private ended: { error: Error | null } | null = null;

  constructor(file: string, task: ThreadTask) {
    this.thread = new Worker(file, { workerData: task, name: 'corpus' });
    this.thread.unref();
    this.thread.on('message', (message: ThreadMessage) => this.receive(message));
    this.thread.on('error', (error) => this.end(stopped(error.message, error)));
    this.thread.on('messageerror', (error) => this.end(stopped(error.message, error)));
    this.thread.on('exit', (code) => this.end(stopped(`exit code ${code}`)));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const batch = this.ready.shift();
    if (batch) {
      this.thread.postMessage('more');
      return Promise.resolve({ done: false, value: batch });
    }
    if (this.ended) {
      const { error } = this.ended;
      return error ? Promise.reject(error) : Promise.resolve({ done: true, value: undefined });
    }
    this.thread.ref();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async return(): Promise<Result> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Stops the thread; calls that wait get the end. */
  async close(): Promise<void> {
    this.ready.length = 0;
    this.end(null);
    await this.thread.terminate();
  }

  private receive(message: ThreadMessage): void {
    switch (message.kind) {
      case 'batch':
        return this.deliver(message.batch);
      case 'end':
        return this.end(null);
      case 'error':
        return this.end(receiveError(message.error));
    }
  }

  private deliver(batch: PretrainBatch): void {
    if (this.ended) return;
    const next = this.waiting.shift();
    if (!next) this.ready.push(batch);
    else {
      this.thread.postMessage('more');
      next.resolve({ done: false, value: batch });
    }
    if (this.waiting.length === 0) this.thread.unref();
  }

  private end(error: Error | null): void {
    if (this.ended) return;
    this.ended = { error };
    this.thread.unref();
    for (const { resolve, reject } of this.waiting.splice(0)) {
      if (error) reject(error);
      else resolve({ done: true, value: undefined });
    }
  }
}

const stopped = (why: string, cause?: unknown) =>
  new OrestesError('STREAM_FAILED', `the thread that reads the corpus stopped: ${why}`, 1, { cause });
