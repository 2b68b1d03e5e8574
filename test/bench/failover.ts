import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDocument } from '@orestes/contracts';
import { attemptMade, ended, startTestCluster, type TestCluster } from '../cluster/test-cluster.js';
import { median } from '../peers/peer.js';
import { benchOptions, numberOption } from '../support/options.js';
import { ask, examplePipeline } from '../support/service.js';

/**
 * How long a cluster is without an operator: of two the one that leads is killed at a random moment of its term, and a job is
 * submitted at once; measured is when the other has made the job's batch/v1 Job. The terms are those of production: a lease of
 * 15 s, renewed every 10 s at the latest, tried for every 2 s. The last line is one JSON object.
 */
const values = benchOptions({ kills: { type: 'string', default: '10' } });
const kills = numberOption('kills', values.kills, 1);
/** Within which a lease is renewed. */
const RETRY_MS = 2000;

async function submit({ service }: TestCluster, name: string): Promise<Pick<JobDocument, 'id' | 'name'>> {
  const body = { kind: 'corpus', name, ...examplePipeline().corpus, reuse: false };
  const { status, body: job } = await ask(`${service.url}/jobs`, { body });
  if (status !== 202) throw new Error(`${name}: answered ${status} ${JSON.stringify(job)}`);
  return { name, id: (job as { id: string }).id };
}

const cluster = await startTestCluster({ parts: [], node: false });
try {
  await attemptMade(cluster, await submit(cluster, 'first'), 1);
  let leader = cluster.operator;
  const seconds: number[] = [];
  for (let i = 1; i <= kills; i++) {
    const standby = cluster.startOperator();
    await sleep(RETRY_MS + Math.random() * 2 * RETRY_MS);
    await ended(leader, 'SIGKILL');
    const killed = performance.now();
    await attemptMade(cluster, await submit(cluster, `after-${i}`), 1);
    seconds.push(Number(((performance.now() - killed) / 1000).toFixed(2)));
    console.log(`kill ${i} of ${kills}: ${seconds.at(-1)} s until the next operator has made a Job`);
    leader = standby;
  }
  console.log(
    JSON.stringify({ bench: 'failover', kills, median: median(seconds), most: Math.max(...seconds), seconds }),
  );
} finally {
  await cluster.stop();
}
