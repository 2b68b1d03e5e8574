import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from '../errors.js';
import { alive } from '../process/identity.js';
import type { Arguments } from './arguments.js';
import { runningState } from './state.js';

const PATIENCE_MS = 20_000;
const POLL_MS = 25;

/** Ends a cluster, and removes its data unless it is to be kept. */
export async function down({ data, keep }: Arguments): Promise<void> {
  const state = await runningState(data);
  if (state) await end(state.keeper);
  const wasThere = existsSync(path.join(data, 'pki')); // never removes a folder that is no cluster's
  if (!keep && wasThere) await rm(data, { recursive: true, force: true });
  if (!state && !wasThere) process.stderr.write(`no cluster in ${data}\n`);
  else process.stderr.write(keep ? `down; its data stays in ${data}\n` : 'down\n');
}

/** The keeper ends everything; killed, it takes everything with it. */
async function end(keeper: string): Promise<void> {
  const pid = alive(keeper);
  if (pid !== null) process.kill(pid, 'SIGTERM');
  for (let waited = 0; alive(keeper) !== null; waited += POLL_MS) {
    if (waited === PATIENCE_MS && pid !== null) process.kill(pid, 'SIGKILL');
    if (waited > 2 * PATIENCE_MS) throw new ClusterError('REFUSED', `process ${pid} does not end`);
    await sleep(POLL_MS);
  }
}
