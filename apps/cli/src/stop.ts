import { EventEmitter } from 'node:events';
import { EXIT } from './output.js';

const output = new EventEmitter();

/** Nobody reads the output any more. @returns whether a job runs, which stops then */
export const outputClosed = (): boolean => output.emit('closed');

/**
 * Ctrl-C or SIGTERM asks the job to stop where it can go on from; a second one stops at once. An output that nobody reads
 * asks too.
 */
export function stopOnSignal(announce: () => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    announce();
    process.stderr.write('\nstopping after this step (again: at once) ...\n');
    controller.abort();
  };
  const onClosed = () => controller.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  output.on('closed', onClosed);
  const release = () => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    output.off('closed', onClosed);
  };
  return { signal: controller.signal, release };
}
