import { EXIT } from './output.js';

/**
 * Ctrl-C or SIGTERM asks the job to stop where it can go on from; a second one stops at once. So does SIGPIPE, which stands for
 * output that nobody reads any more (main.ts), once and for all.
 */
export function stopOnSignal(announce: () => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    announce();
    process.stderr.write('\nstopping after this step (again: at once) ...\n');
    controller.abort();
  };
  const onPipe = () => controller.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGPIPE', onPipe);
  const release = () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGPIPE', onPipe);
  return { signal: controller.signal, release };
}
