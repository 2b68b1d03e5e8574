import { bytes, duration, short } from '@orestes/contracts';
import type { JobReport } from './report.js';

/** Of the generator, the discriminator, and a fine-tuned classifier. */
const LOSSES = [
  ['mlm_loss', 'G'],
  ['rtd_loss', 'D'],
  ['loss', 'loss'],
] as const;

/** A report that replaces the one before it: its text, and the share that is done. null: it is none. */
export function movingLine(report: JobReport): { text: string; done: number } | null {
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

/** A report that is worth keeping, in one line. null: it is none. */
export function lastingLine(report: JobReport): string | null {
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

/** Four decimals; of a small number four digits: a learning rate is no 0.0000. */
const figure = (value: number) => {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.01 ? String(Number(value.toPrecision(4))) : value.toFixed(4);
};
