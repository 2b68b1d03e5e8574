import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WORK_KINDS, type TrainingJob } from '@orestes/contracts';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { TRAINING_JOBS } from '@orestes/kubernetes';
import { parse } from 'yaml';
import { ROOT } from '../guides/repository.js';
import { orestes } from '../support/orestes.js';
import { ask } from '../support/service.js';
import { until } from '../support/wait.js';
import { NAMESPACE, startTestCluster, type TestCluster } from './test-cluster.js';

interface Spec extends Record<string, unknown> {
  kind: string;
}
const examples = readdirSync(join(ROOT, 'examples'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({ name, spec: parse(readFileSync(join(ROOT, 'examples', name), 'utf8')) as Spec }))
  .filter(({ spec }) => (WORK_KINDS as readonly string[]).includes(spec.kind));
const example = (file: string) => examples.find(({ name }) => name === `${file}.yaml`)!.spec;

/** An example with some fields otherwise; undefined: left out. */
const build = (file: string) => (fields: object) => JSON.parse(JSON.stringify({ ...example(file), ...fields })) as Spec;
const pretrain = build('pretrain');
const corpus = build('corpus');
const finetune = build('finetune');
const evaluate = build('evaluate');

/** One bad spec, and the field that every edge names: below `spec`, at kubectl below `spec.<kind>`. */
type Row = [what: string, spec: Spec, field: string];
const rows: Row[] = [
  ['a field that is missing', pretrain({ recipe: undefined }), 'recipe'],
  ['an unknown field', pretrain({ recipee: 'electra' }), 'recipee'],
  ['an unknown field, deeper', pretrain({ model: { generator: { lyers: 2 } } }), 'model.generator.lyers'],
  ['a text for a number', evaluate({ batches: 'many' }), 'batches'],
  ['a part for a whole number', pretrain({ seed: 1.5 }), 'seed'],
  ['a list for an object', pretrain({ schedule: [] }), 'schedule'],
  ['too small', pretrain({ model: { discriminator: { layers: 0 } } }), 'model.discriminator.layers'],
  ['too large', pretrain({ model: { generator: { layers: 257 } } }), 'model.generator.layers'],
  [
    'a rate of 0',
    pretrain({ optimizers: { generator: { peakLearningRate: 0 } } }),
    'optimizers.generator.peakLearningRate',
  ],
  ['0 where a part is the least', corpus({ resources: { cpus: 0 } }), 'resources.cpus'],
  ['no memory', corpus({ resources: { memoryGiB: 0 } }), 'resources.memoryGiB'],
  ['no shared memory', corpus({ resources: { sharedMemoryGiB: 0 } }), 'resources.sharedMemoryGiB'],
  ['an epsilon of 0', pretrain({ optimizers: { generator: { epsilon: 0 } } }), 'optimizers.generator.epsilon'],
  ['a share that is all', finetune({ dropout: 1 }), 'dropout'],
  ['one of no choice', pretrain({ recipe: 'bert' }), 'recipe'],
  [
    'heads that do not divide hidden',
    pretrain({ model: { generator: { hidden: 64, heads: 3 } } }),
    'model.generator.heads',
  ],
  [
    'masks that are not 1 together',
    pretrain({ objective: { masking: { mask: 0.5, random: 0.1, keep: 0.1 } } }),
    'objective.masking',
  ],
  ['a warm-up beyond the end', pretrain({ schedule: { maxSteps: 5, warmupSteps: 9 } }), 'schedule.warmupSteps'],
  ['a batch that does not divide', pretrain({ schedule: { batchSize: 10, accumulation: 4 } }), 'schedule.accumulation'],
  ['a bad name', corpus({ name: 'Bad Name' }), 'name'],
  ["a bad label's name", corpus({ labels: { '-a': 'x' } }), 'labels'],
  ["a bad label's value", corpus({ labels: { a: 'x'.repeat(64) } }), 'labels.a'],
  ["a bad queue's name", corpus({ resources: { queue: 'Q_' } }), 'resources.queue'],
  ['no hosts', corpus({ resources: { hosts: 0 } }), 'resources.hosts'],
  ['no input', corpus({ input: [] }), 'input'],
  ['a tokenizer of no form', corpus({ tokenizer: {} }), 'tokenizer'],
  ['a task of no form', finetune({ task: {} }), 'task'],
  ['column 0', finetune({ task: { ...(example('finetune')['task'] as object), label: 0 } }), 'task.label'],
];

/** The recipe's values, which the CRD does not have, decide: the operator's registration refuses these, with what the API says. */
const registered: Row[] = [
  [
    "heads that do not divide the recipe's hidden",
    pretrain({ model: { generator: { heads: 7 } } }),
    'model.generator.heads',
  ],
  [
    'a batch that the devices cannot share',
    pretrain({ schedule: { batchSize: 10 }, engine: { devices: 4 } }),
    'schedule.batchSize',
  ],
];

const asObject = ({ kind, ...spec }: Spec, name: string, namespace = 'default') => ({
  ...{ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob', metadata: { name, namespace } },
  spec: { [kind]: spec },
});

describeCluster('a spec at the command line, the API and kubectl', () => {
  let cluster: TestCluster;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'orestes-bad-specs-'));
    cluster = await startTestCluster({ parts: [], node: false });
  }, FIRST_BUILD_MS);
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** What kubectl says to an object: null where it is taken. Namespace `default` is not the operator's. */
  const applied = async (object: object, ...options: string[]): Promise<string | null> => {
    const file = join(folder, 'object.json');
    writeFileSync(file, JSON.stringify(object));
    try {
      await cluster.control.kubectl('apply', ...options, '-f', file);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  };

  const plan = (spec: object) => ask(`${cluster.service.url}/jobs?dryRun=true`, { body: spec });
  const pointers = (body: unknown) => (body as { errors?: { pointer: string }[] }).errors?.map((e) => e.pointer);

  const refusedByProcess = async (spec: Spec, field: string) => {
    const { code, stderr } = await orestes(['run', '-'], { cwd: folder, input: JSON.stringify(spec) });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`spec.${field}: `) });
  };
  const refusedByApi = async (spec: Spec, field: string) => {
    const { status, body } = await plan(spec);
    expect(status).toBe(400);
    expect(pointers(body)).toContain(`/${field.replaceAll('.', '/')}`);
  };

  /** kubectl says some things itself, `ValidationError(TrainingJob.spec.a): unknown field "b"`, others in the apiserver's words: `spec.a.b: ...`. */
  const names = (message: string | null, path: string) => {
    const [, parent, leaf] = /^(.*)\.(.*)$/.exec(path)!;
    const said = message ?? 'it was taken';
    const own = said.includes(`(TrainingJob.${parent}):`) && said.includes(`"${leaf}"`);
    const whole = new RegExp(`(^|[^A-Za-z.]|TrainingJob\\.)${path.replaceAll('.', '\\.')}($|[^A-Za-z.])`, 'm');
    if (!own && !whole.test(said)) throw new Error(`expected ${path}, found: ${said}`);
  };

  describe('is refused by each, with the same field', () => {
    it.each(rows)('%s', async (_, spec, field) => {
      await refusedByProcess(spec, field);
      await refusedByApi(spec, field);
      names(await applied(asObject(spec, 'bad'), '--dry-run=server'), `spec.${spec.kind}.${field}`);
    });
  });

  describe('that only the recipe shows to be wrong is refused when it is registered', () => {
    it.each(registered.map((row, i) => [...row, `registered-${i}`] as const))('%s', async (_, spec, field, name) => {
      await refusedByProcess(spec, field);
      await refusedByApi(spec, field);
      expect(await applied(asObject(spec, name, NAMESPACE))).toBeNull();
      const seen = async () =>
        (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items.find(
          ({ metadata }) => metadata.name === name,
        );
      const object = await until(seen, (found) => found?.status?.phase === 'refused');
      expect(object!.status!.message).toContain(`${field}: `);
    });
  });

  /** `kind` is a field of a spec alone: a TrainingJob has its place. */
  it.each([
    ['no kind', pretrain({ kind: undefined }), {}],
    ['a kind that there is none of', pretrain({ kind: 'train' }), { train: {} }],
    [
      'two kinds',
      pretrain({ kind: ['pretrain', 'corpus'] }),
      { ...asObject(pretrain({}), 'a').spec, ...asObject(corpus({}), 'a').spec },
    ],
  ])('%s', async (_, spec, inObject) => {
    await refusedByProcess(spec, 'kind');
    await refusedByApi(spec, 'kind');
    const message = await applied({ ...asObject(pretrain({}), 'bad'), spec: inObject }, '--dry-run=server');
    expect(message).toMatch(/ spec: .*exactly one of|unknown field "(spec\.)?train"/);
  });

  it.each([['1-digit-first'], ['a'.repeat(51)], ['a.b']])('an object called %s is refused', async (name) => {
    expect(await applied(asObject(corpus({}), name), '--dry-run=server')).toContain('the name must be a letter');
  });

  it.each(examples)('examples/$name is taken by each, and nothing of it is lost', async ({ name, spec }) => {
    const args = ['submit', join(ROOT, 'examples', name), '--dry-run', '--server', cluster.service.url];
    expect(await orestes(args, { cwd: ROOT })).toMatchObject({ code: 0 });
    expect((await plan(spec)).status).toBe(200);
    const object = asObject(spec, name.replace('.yaml', ''));
    expect(await applied(object)).toBeNull();
    const stored = await cluster.client.list(TRAINING_JOBS, { namespace: 'default' });
    expect(stored.items.find(({ metadata }) => metadata.name === object.metadata.name)!.spec).toEqual(object.spec);
  });

  it("keeps an object's spec as it is, but for suspend", async () => {
    const name = 'fixed';
    const object = asObject(pretrain({}), name);
    const suspended = (suspend: boolean) => ({ ...object, spec: { ...object.spec, suspend } });
    expect(await applied(object)).toBeNull();
    for (const suspend of [true, false]) expect(await applied(suspended(suspend))).toBeNull();
    const { spec } = (await cluster.client.list<TrainingJob>(TRAINING_JOBS, { namespace: 'default' })).items.find(
      ({ metadata }) => metadata.name === name,
    )!;
    expect(spec.suspend).toBe(false);
    const changed = await applied(asObject(pretrain({ seed: 2 }), name));
    expect(changed).toContain("spec.pretrain: Invalid value: a job's spec can't be changed");
    const other = JSON.stringify([{ op: 'replace', path: '/spec', value: asObject(corpus({}), name).spec }]);
    const patched = cluster.control.kubectl('patch', 'tj', name, '--type=json', '-p', other);
    await expect(patched).rejects.toThrow("a job's kind can't be changed");
  });
});
