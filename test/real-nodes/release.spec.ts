import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { JobDocument, Leaderboard, LogLine } from '@orestes/contracts';
import { describeNodes, FIRST_BUILD_MS, until as within } from '@orestes/dev-cluster/testing';
import { everythingIn, LEFT } from '../chart/left.js';
import { evict } from '../cluster/evict.js';
import { outcomesOf, type Outcome } from '../faults/outcome.js';
import { ask } from '../support/service.js';
import { childrenOf, ended, historyOf, until } from '../support/wait.js';
import { NAMESPACE, Release } from './release.js';

const SLOWEST_MS = 600_000;
const STEPS = 600;

let release: Release;
let undisturbed: Outcome[];

const url = () => release.url;

/** The pretraining of a new pipeline when it has made some steps, and its pod. */
async function inPretraining(): Promise<{ pipeline: string; pod: string }> {
  const pipeline = await release.submit(release.pipeline({ steps: STEPS }));
  await until(
    async () => (await childrenOf(url(), pipeline))[1]!,
    ({ progress, state }) => state === 'running' && (progress?.done ?? 0) > 40,
  );
  const pod = await release.kubectl('get', 'pods', '-l', `orestes.dev/training-job`, '-o', 'name', ...RUNNING);
  return { pipeline, pod: pod.trim().replace('pod/', '') };
}
const RUNNING = ['--field-selector', 'status.phase=Running'];

const attemptsOf = ({ attempts }: JobDocument) => attempts.map(({ outcome }) => outcome);

/** A pipeline's end is the undisturbed one's, to the last bit. @returns its pretraining */
async function expectUndisturbed(what: string, pipeline: string): Promise<JobDocument> {
  expect((await ended(url, pipeline)).state).toBe('succeeded');
  expect(await outcomesOf(url(), pipeline)).toEqual(undisturbed);
  process.stderr.write(`injected: ${what}; lost: nothing\n`);
  return (await childrenOf(url(), pipeline))[1]!;
}

describeNodes('the chart on real nodes', () => {
  beforeAll(async () => {
    release = await Release.start(2);
  }, FIRST_BUILD_MS);
  afterAll(() => release?.stop(), 60_000);

  it(
    'installs, and is ready',
    async () => {
      expect(await release.install('install')).toContain('get secret orestes-first-key');
      await release.open();
      expect((await ask(`${url()}/readyz`)).status).toBe(200);
      expect(await release.helm('test', '--logs')).toMatch(/Phase: +Succeeded/);
    },
    SLOWEST_MS,
  );

  it(
    'runs a pipeline that curl posts, to a row of the leaderboard',
    async () => {
      const curl = ['--silent', '--fail-with-body', '-H', `authorization: Bearer ${process.env['ORESTES_API_KEY']}`];
      const body = JSON.stringify(release.pipeline({ steps: STEPS }));
      const post = [...curl, '-H', 'content-type: application/json', '--data', body, `${url()}/jobs`];
      const { stdout } = await promisify(execFile)('curl', post);
      const { id } = JSON.parse(stdout) as JobDocument;
      expect(await ended(url, id)).toMatchObject({ state: 'succeeded' });
      undisturbed = await outcomesOf(url(), id);
      const [corpus, pretrain, finetune] = await childrenOf(url(), id);
      const { rows } = (await ask(`${url()}/leaderboard?suite=all`)).body as Leaderboard;
      const measured = rows.filter(({ source }) => source === 'measured');
      expect(measured).toMatchObject([
        { lineage: { pretrain: pretrain!.id }, scores: [{ task: 'village', jobs: [finetune!.id] }] },
      ]);
      await release.kubectl('delete', 'jobs', '--all', '--cascade=foreground', '--timeout=60s');
      expect(await historyOf<LogLine>(url(), corpus!.id, 'logs')).not.toEqual([]); // they outlive the pods
    },
    SLOWEST_MS,
  );

  it('runs pods as nobody, on a file system that cannot be written', async () => {
    const exec = (...command: string[]) => release.kubectl('exec', 'deploy/orestes-api', '--', ...command);
    expect(await exec('id', '-u')).toBe('65532\n');
    await expect(exec('touch', '/orestes/mine')).rejects.toThrow('Read-only file system');
  });

  it(
    'upgrades while a job runs, which is not disturbed',
    async () => {
      const { pipeline, pod } = await inPretraining();
      await release.install('upgrade', '--set', 'operator.ttlSeconds=3600', '--set', 'api.logLevel=info');
      expect((await release.kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.phase}')).trim()).toMatch(
        /Running|Succeeded/,
      );
      expect(attemptsOf(await expectUndisturbed('helm upgrade', pipeline))).toEqual(['succeeded']);
    },
    SLOWEST_MS,
  );

  it(
    'a pod that is evicted with a short grace saves, and its job goes on from there',
    async () => {
      const { pipeline, pod } = await inPretraining();
      expect((await evict(release.cluster, NAMESPACE, pod, 20)).status).toBe(201);
      const job = await expectUndisturbed('pod evicted, 20 s of grace', pipeline);
      expect(attemptsOf(job)).toEqual(['interrupted', 'succeeded']);
      expect(job.failures).toBe(0);
    },
    SLOWEST_MS,
  );

  it(
    'a node that is lost takes its pod with it, and the job goes on on another',
    async () => {
      // The database and the store are on the first.
      const [first, second] = release.cluster.nodes;
      await release.kubectl('cordon', first!.name);
      const { pipeline, pod } = await inPretraining();
      await second!.cut();
      await release.kubectl('uncordon', first!.name);
      const again = await expectUndisturbed('node lost', pipeline);
      expect(attemptsOf(again)).toEqual(['lost', 'succeeded']);
      await second!.start();
      // Back, it ends what it was told to end.
      await until(
        () => release.kubectl('get', 'pods', '-o', 'name'),
        (names) => !names.includes(pod),
      );
    },
    SLOWEST_MS,
  );

  it(
    'uninstalls to what it says it keeps',
    async () => {
      await release.kubectl('delete', 'tj', '--all', '--timeout=60s'); // kept otherwise, with what they own
      expect(await release.helm('uninstall', '--wait')).toContain('kept');
      const names = () => everythingIn(release.cluster, NAMESPACE);
      await within(async () => (await names()).length <= LEFT.length, 120_000);
      expect(await names()).toEqual(LEFT);
    },
    SLOWEST_MS,
  );
});
