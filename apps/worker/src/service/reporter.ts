import { setTimeout as sleep } from 'node:timers/promises';
import { AttemptCommand, storable, type JobProgress, type ReportItem } from '@orestes/contracts';
import { lastingLine, movingLine } from '../describe.js';
import type { JobReport } from '../report.js';
import type { AttemptApi } from './api.js';

const EVERY_MS = 1000;
const BATCH = 1000;
const LONGEST_TEXT = 10_000;
/** A line of progress goes to the log this often. */
const LOG_MS = 10_000;

/** Events keep more than log lines do: what a reader of the job's history wants to see. */
const EVENTS: readonly string[] = ['compiled', 'resumed', 'evaluation', 'warning'];

/**
 * Sends what a job reports, in batches and in order. What was not taken yet is kept: an API that is away for minutes loses
 * nothing.
 */
export class Reporter {
  private readonly waiting: ReportItem[] = [];
  /** Items taken by the API. */
  private taken = 0;
  private progress: JobProgress | null = null;
  private logged = -Infinity;
  private sending: Promise<void> = Promise.resolve();
  private ended = false;
  /** What ended the reports before their time. */
  private refused: Error | null = null;

  /**
   * @param onStop the job is to save and stop: the API asks for it, or takes no more
   */
  constructor(
    private readonly api: AttemptApi,
    private readonly onStop: () => void,
  ) {}

  /** Reports every second, in silence too: that is the heartbeat. */
  start(): void {
    this.sending = this.beat();
  }

  readonly report = (report: JobReport): void => {
    if (report.kind === 'metric') return void this.waiting.push(report);
    const line = lastingLine(report);
    if (line) this.log(line);
    if (line && EVENTS.includes(report.kind))
      this.waiting.push({ kind: 'event', time: Date.now(), type: report.kind, message: storable(line, LONGEST_TEXT) });
    if (report.kind === 'checkpoint') this.waiting.push(report);
    const moving = movingLine(report);
    if (!moving) return;
    this.progress = progressOf(report) ?? this.progress;
    if (performance.now() - this.logged < LOG_MS && moving.done < 1) return;
    this.logged = performance.now();
    this.log(moving.text);
  };

  log(text: string): void {
    const lines = text.split('\n').map((line) => storable(line, LONGEST_TEXT));
    for (const line of lines) this.waiting.push({ kind: 'log', time: Date.now(), text: line });
  }

  /** Sends the rest. @throws OrestesError ATTEMPT_SUPERSEDED, API_UNREACHABLE */
  async finish(): Promise<void> {
    this.ended = true;
    await this.sending;
    if (this.refused !== null) throw this.refused;
    while (this.waiting.length > 0) await this.send();
  }

  private async beat(): Promise<void> {
    while (!this.ended) {
      try {
        await this.send();
      } catch (error) {
        this.refused = error as Error;
        return this.onStop();
      }
      for (let waited = 0; waited < EVERY_MS && !this.ended; waited += 50) await sleep(50);
    }
  }

  private async send(): Promise<void> {
    const items = this.waiting.slice(0, BATCH);
    const { command } = await this.api.post(
      'reports',
      { first: this.taken, items, progress: this.progress },
      AttemptCommand,
    );
    this.waiting.splice(0, items.length);
    this.taken += items.length;
    if (command === 'stop') this.onStop();
  }
}

function progressOf(report: JobReport): JobProgress | null {
  switch (report.kind) {
    case 'progress': {
      const { step, maxSteps, tokensPerSecond, etaSeconds } = report;
      return {
        done: step,
        total: maxSteps,
        unit: 'steps',
        tokensPerSecond: finite(Math.round(tokensPerSecond)),
        etaSeconds: finite(Math.round(etaSeconds)),
      };
    }
    case 'corpus':
      return {
        done: report.bytesRead,
        total: report.bytesTotal,
        unit: 'bytes',
        tokensPerSecond: null,
        etaSeconds: null,
      };
    default:
      return null;
  }
}

const finite = (value: number) => (Number.isFinite(value) && value >= 0 ? value : null);
