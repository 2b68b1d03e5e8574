import { lastingLine, movingLine, type JobReport } from '@orestes/worker/reports';

const BAR = 24;
/** Without a terminal a line is written this often. */
const QUIET_MS = 10_000;

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

  /** Replaces the line before it. @param done the share that is done */
  move(text: string, done: number): void {
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

  /** A line that stays. */
  line(text: string): void {
    this.end();
    this.stream.write(`${text}\n`);
  }
}
