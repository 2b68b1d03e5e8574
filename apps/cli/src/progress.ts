import type { JobReport } from '@orestes/worker';
import { bytes, duration, short } from './output.js';

const BAR = 24;
/** Without a terminal a line is written this often. */
const QUIET_MS = 10_000;
/** Of the generator, the discriminator, and a fine-tuned classifier. */
const LOSSES = [
  ['mlm_loss', 'G'],
  ['rtd_loss', 'D'],
  ['loss', 'loss'],
] as const;

/** Shows a job's reports to a person: one line that moves on a terminal, a line now and then in a log. */
export class Progress {
  private moving = false;
  private lastLine = -Infinity;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  readonly report = (report: JobReport): void => {
    const moving = movingLine(report);
    if (moving) this.move(moving.text, moving.done);
    const lasting = lastingLine(report);
    if (lasting) this.line(lasting);
  };

  /** Leaves the moving line behind. */
  end(): void {
    if (this.moving) this.stream.write('\n');
    this.moving = false;
  }

  private move(text: string, done: number): void {
    if (!this.stream.isTTY) {
      const now = performance.now();
      if (now - this.lastLine < QUIET_MS && done < 1) return;
      this.lastLine = now;
      this.stream.write(`${text}\n`);
      return;
    }
    const filled = Math.round(BAR * Math.min(1, done));
    const line = `[${'='.repeat(filled)}${' '.repeat(BAR - filled)}] ${text}`;
    this.stream.write(`\r${line.slice(0, this.stream.columns - 1)}\u001b[K`);
    this.moving = true;
  }

  private line(text: string): void {
    this.end();
    this.stream.write(`${text}\n`);
  }
}

function movingLine(report: JobReport): { text: string; done: number } | null {
  switch (report.kind) {
    case 'progress': {
      const { step, maxSteps, values, tokensPerSecond, etaSeconds } = report;
      const losses = LOSSES.flatMap(([key, name]) =>
        key in values ? [`${name} ${values[key]!.toFixed(4)}`] : [],
      ).join('  ');
      const text = `step ${step}/${maxSteps}  ${losses}  ${short(tokensPerSecond)} tok/s  ETA ${duration(etaSeconds)}`;
      return { text, done: step / maxSteps };
    }
    case 'corpus':
      return {
        text: `${report.phase}  ${short(report.documents)} documents  ${short(report.tokens)} tokens`,
        done: report.bytesTotal === 0 ? 1 : report.bytesRead / report.bytesTotal,
      };
    default:
      return null;
  }
}

function lastingLine(report: JobReport): string | null {
  switch (report.kind) {
    case 'compiled':
      return `compiled ${report.program} in ${report.seconds.toFixed(1)}s${report.cached ? ' (cached)' : ''}`;
    case 'resumed':
      return `resumed at step ${report.step} from ${report.checkpoint}`;
    case 'evaluation':
      return `held out at step ${report.step}: ${measures(report.values)}`;
    case 'checkpoint':
      return `checkpoint at step ${report.step}: ${report.address} (${bytes(report.bytes)})`;
    case 'warning':
      return `warning ${report.code}: ${report.message}`;
    default:
      return null;
  }
}

export const measures = (values: Record<string, number | null>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value === null ? '-' : figure(value)}`)
    .join('  ');

const figure = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(4));
