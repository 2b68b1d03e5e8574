import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openStore } from '@orestes/storage';
import { buffersOf } from './batch.js';
import { readBatches } from './read-batches.js';
import { sendError, type ThreadMessage, type ThreadTask } from './thread-messages.js';

/** The reading thread: sends batches, never more ahead than it was allowed. */
async function serve(port: MessagePort, { address, plan }: ThreadTask): Promise<void> {
  let allowed = plan.prefetch;
  let wake = () => {};
  port.on('message', () => {
    allowed++;
    wake();
  });
  const send = (message: ThreadMessage, moved: ArrayBuffer[] = []) => port.postMessage(message, moved);
  try {
    for await (const batch of readBatches(openStore(address), plan)) {
      while (allowed === 0) await new Promise<void>((resolve) => (wake = resolve));
      allowed--;
      send({ kind: 'batch', batch }, buffersOf(batch));
    }
    send({ kind: 'end' });
  } catch (error) {
    send({ kind: 'error', error: sendError(error) });
  } finally {
    port.close();
  }
}

if (parentPort) void serve(parentPort, workerData as ThreadTask);
