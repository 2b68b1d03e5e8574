import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobSpec, parseDocument, UserError } from '@orestes/contracts';
import { z } from 'zod';
import { orestes } from '../support/orestes.js';
import { expectRefusal, untouched } from '../support/refusal.js';
import { pretrainSpec } from '../support/tiny.js';
import { wrongFields, type JsonSchema, type WrongField } from './wrong-fields.js';

jest.setTimeout(120_000);

const all = [...wrongFields(z.toJSONSchema(JobSpec, { io: 'input' }) as JsonSchema)];
const kindOf = ({ document }: WrongField) => (document as { kind?: string } | null)?.kind;
const byField = new Map<string, WrongField[]>();
for (const row of all) {
  const key = `${kindOf(row)}: ${row.field}`;
  byField.set(key, [...(byField.get(key) ?? []), row]);
}

function refused(document: unknown): UserError {
  try {
    parseDocument(JobSpec, document, 'spec');
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(document).slice(0, 500)}`);
}

describe('every field of every spec', () => {
  it('is in the table', () => {
    const fields = new Set(all.map(({ field }) => field));
    expect(fields.size).toBeGreaterThan(120);
    for (const field of ['tokenizer.train.vocabularySize', 'task.data', 'task.text.0', 'optimizers.joint.clipNorm'])
      expect(fields).toContain(`spec.${field}`);
  });

  it.each([...byField])('%s is refused where it is wrong, by its name and with what is allowed', (_, rows) => {
    for (const { field, wrong, document, says } of rows) {
      const { code, message } = refused(document);
      const line = message.split('\n').find((l) => l.startsWith(`${field}: `) && l.includes(says));
      if (code !== 'INVALID_SPEC' || line === undefined)
        throw new Error(`${field} ${wrong}: expected "${field}: ...${says}", found ${code}: ${message}`);
    }
  });
});

/** YAML can say infinite where JSON cannot. */
const asYaml = (document: unknown) =>
  JSON.stringify(document, (_, value: unknown) => (value === Infinity ? '@infinite' : value)).replace(
    '"@infinite"',
    '1e309',
  );

describe('the command line', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orestes-fields-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Through a process of its own, with the spec on standard input. */
  const run = (document: unknown) =>
    untouched(folder, () => orestes(['run', '-'], { cwd: folder, input: asYaml(document) }));

  const short = all.filter((row) => kindOf(row) !== undefined && JSON.stringify(row.document).length < 5000);
  const sampled = short.filter((_, i) => i % Math.ceil(short.length / 24) === 0);
  it.each(sampled)('refuses $field: $wrong', async ({ field, document, says }) => {
    const ended = await run(document);
    expectRefusal(ended, { exit: 2, code: 'INVALID_SPEC', says });
    expect(ended.stderr).toContain(`${field}: `);
  });

  const { model } = pretrainSpec;
  const generator = { ...model.generator, embedding: 48 };
  const rest = { relativeBias: null, absolutePositions: 128, admin: 'none', initializerStd: 0.02 };
  it.each([
    [
      'heads do not divide hidden',
      { model: { ...model, generator: { heads: 3 } } },
      /^INVALID_SPEC: spec\.model\.generator\.heads: 3: hidden must be a multiple of heads/,
    ],
    [
      'warm-up beyond the end',
      { schedule: { maxSteps: 10, warmupSteps: 11 } },
      'spec.schedule.warmupSteps: 11: warmupSteps must not exceed maxSteps',
    ],
    [
      'a batch that does not divide',
      { schedule: { batchSize: 10, accumulation: 4 } },
      'spec.schedule.accumulation: 4: batchSize must be a multiple of accumulation',
    ],
    [
      'a batch that the devices cannot share',
      { schedule: { batchSize: 10 }, engine: { devices: 4 } },
      /spec\.schedule\.batchSize: 10 is not a multiple of .*engine\.devices, 1 x 4/,
    ],
    [
      'shares that are not 1 together',
      { objective: { masking: { mask: 0.5 } } },
      'spec.objective.masking: mask + random + keep must be 1',
    ],
    [
      'positions that do not reach',
      { model: { ...model, generator: { absolutePositions: 8 } } },
      /spec\.model\.generator\.absolutePositions: 8 is too small \(at least schedule\.sequenceLength, 128\)/,
    ],
    [
      'an encoder that nobody trains',
      { model: { ...model, encoder: { ...model.generator, ...rest } } },
      /spec\.model\.encoder: objective rtd has no use for it \(it trains generator and discriminator\)/,
    ],
    [
      'one table of two widths',
      { recipe: 'electra', model: { ...model, generator } },
      /spec\.model\.generator\.embedding: 48 differs from the discriminator's 32/,
    ],
    ['a path with NUL', { output: 'a\0b' }, String.raw`spec.output: "a\u0000b": no path`],
    ['a path with an unpaired surrogate', { corpus: '\ud800' }, String.raw`spec.corpus: "\ud800": no path`],
    [
      'a seed that is no exact integer',
      { seed: 2 ** 53 },
      'spec.seed: 9007199254740992 is too large (at most 4294967295)',
    ],
    [
      'a name of 300 characters',
      { name: 'a'.repeat(300) },
      /spec\.name: "a{70,80}\.\.\. is not allowed \(lower-case letters/,
    ],
  ])('refuses %s', async (_, values, says) => {
    expectRefusal(await run({ ...pretrainSpec, schedule: {}, ...values }), { exit: 2, code: 'INVALID_SPEC', says });
  });

  it('refuses optimizers of two models for one word table', async () => {
    const says =
      'spec.objective.embeddings: shared embeddings belong to neither optimizer (decoupled: allowed is separate)';
    const document = { ...pretrainSpec, objective: { embeddings: 'shared' } };
    expectRefusal(await run(document), { exit: 2, code: 'OPTIMIZERS_UNFIT', says });
  });

  it('names all that is wrong at once', async () => {
    const { stderr } = await run({ kind: 'pretrain', seed: -1, surplus: 1 });
    expect(stderr.split('\n')).toHaveLength(7);
    expect(stderr).toMatch(/spec\.seed: .*\n/);
  });
});
