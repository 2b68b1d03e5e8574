import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orestes } from '../support/orestes.js';
import { expectRefusal, untouched } from '../support/refusal.js';
import { pretrainSpec } from '../support/tiny.js';

jest.setTimeout(120_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orestes-documents-'));
  await mkdir(join(folder, 'a-folder'));
  await writeFile(join(folder, 'latin1.yaml'), Buffer.from('name: caf\xe9\n', 'latin1'));
  await writeFile(join(folder, 'spec.json'), JSON.stringify(pretrainSpec));
});
afterAll(() => rm(folder, { recursive: true }));

const run = (args: readonly string[], input?: string) =>
  untouched(folder, () => orestes(args, { cwd: folder, input: input ?? '' }));

const valid = JSON.stringify(pretrainSpec).slice(1, -1);
/** Nine levels, each nine times the one before. */
const aliases = [
  'a: &a [x, x]',
  ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]}, `.repeat(9)}]`),
];

describe('documents that are no specs', () => {
  it.each([
    ['an empty one', '', 'INVALID_SPEC', 'standard input: a spec is an object with a field kind'],
    ['a list', '[1, 2]', 'INVALID_SPEC', 'a spec is an object'],
    ['a text', 'hello', 'INVALID_SPEC', 'a spec is an object'],
    [
      'one without a kind',
      '{"name": "a"}',
      'INVALID_SPEC',
      'spec.kind: missing (allowed: corpus, pretrain, finetune, evaluate)',
    ],
    [
      'one of another kind',
      '{"kind": "sweep"}',
      'INVALID_SPEC',
      'spec.kind: "sweep" is not allowed (allowed: corpus, pretrain',
    ],
    ['not YAML', 'kind: [corpus', 'SPEC_UNREADABLE', /not YAML or JSON: .* at line 1/],
    ['not YAML by its tabs', 'kind:\n\tcorpus: 1\n\t\tb', 'SPEC_UNREADABLE', /not YAML or JSON: .*line 2/],
    ['two documents', 'kind: corpus\n---\nkind: corpus', 'SPEC_UNREADABLE', /not YAML or JSON: .*multiple documents/],
    ['a field twice', 'kind: corpus\nkind: pretrain', 'SPEC_UNREADABLE', /keys must be unique at line 2/],
    ['deep JSON lists', '['.repeat(100_000), 'SPEC_UNREADABLE', 'nested more than 64 deep'],
    ['deep JSON objects', '{"a":'.repeat(10_000), 'SPEC_UNREADABLE', 'nested more than 64 deep'],
    [
      'deep YAML',
      Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'SPEC_UNREADABLE',
      'nested more than 64 deep',
    ],
    ['a deep YAML list in one line', '- '.repeat(10_000), 'SPEC_UNREADABLE', 'nested more than 64 deep'],
    ['an alias bomb', aliases.join('\n'), 'SPEC_UNREADABLE', 'an alias (*name) stands for a value'],
    ['an alias of nothing', 'kind: *nothing', 'SPEC_UNREADABLE', 'standard input: '],
    [
      'a megabyte of text',
      'a'.repeat((1 << 20) + 1),
      'SPEC_UNREADABLE',
      'too large for a spec (at most 1048576 bytes)',
    ],
    [
      'NUL in a name',
      `{${valid}}`.replace('"name":"tiny"', String.raw`"name":"a\u0000"`),
      'INVALID_SPEC',
      String.raw`spec.name: "a\u0000" is not allowed`,
    ],
    ['a key __proto__', `{${valid}, "__proto__": {"seed": 5}}`, 'INVALID_SPEC', 'spec.__proto__: unknown field'],
    [
      'a key constructor, deeper',
      `{${valid}, "log": {"constructor": 5}}`.replace('"log":{"everySteps":1},', ''),
      'INVALID_SPEC',
      'spec.log.constructor: unknown field',
    ],
    [
      'a key of 300 characters',
      `{${valid}, "${'k'.repeat(300)}": 1}`,
      'INVALID_SPEC',
      /spec\."k{70,80}\.\.\.: unknown field/,
    ],
    [
      'a key that writes to terminals',
      `{${valid}, "\\u001b[2J": 1}`,
      'INVALID_SPEC',
      String.raw`spec."\u001b[2J": unknown field`,
    ],
    ['a number beyond all', `{${valid}, "seed": 1e309}`, 'INVALID_SPEC', 'spec.seed: Infinity is not a finite number'],
    [
      'a number without an exact value',
      `{${valid}, "seed": 9007199254740993}`,
      'INVALID_SPEC',
      'spec.seed: 9007199254740992 is too large',
    ],
  ])('%s', async (_, input, code, says) => {
    expectRefusal(await run(['run', '-'], input), { exit: 2, code, says });
  });

  it.each([
    ['a file that is not there', ['run', 'nothing.yaml'], 'SPEC_UNREADABLE', 'nothing.yaml: no such file'],
    ['a folder', ['run', 'a-folder'], 'SPEC_UNREADABLE', 'a-folder: is a folder, a file is needed'],
    ['text that is not UTF-8', ['run', 'latin1.yaml'], 'SPEC_UNREADABLE', 'latin1.yaml: is not UTF-8 text'],
    ['a device without an end', ['run', '/dev/zero'], 'SPEC_UNREADABLE', '/dev/zero: too large for a spec'],
    ['a name of 300 characters', ['run', 'a'.repeat(300)], 'SPEC_UNREADABLE', 'the name is too long'],
    [
      'a setting without a value',
      ['run', 'spec.json', '--set', 'seed'],
      'INVALID_SPEC',
      '--set seed: not of the form path.to.field=value',
    ],
    [
      'a setting that is not YAML',
      ['run', 'spec.json', '--set', 'seed=[1'],
      'SPEC_UNREADABLE',
      '--set seed: not YAML or JSON',
    ],
    [
      'a setting of a wrong value',
      ['run', 'spec.json', '--set', 'log.everySteps=0'],
      'INVALID_SPEC',
      'spec.log.everySteps: 0 is too small (at least 1)',
    ],
    [
      'a setting of an unknown field',
      ['run', 'spec.json', '--set', 'schedule.steps=5'],
      'INVALID_SPEC',
      'spec.schedule.steps: unknown field',
    ],
    [
      'a setting of __proto__',
      ['run', 'spec.json', '--set', '__proto__.seed=5'],
      'INVALID_SPEC',
      'spec.__proto__: unknown field',
    ],
    ['a plan of what has none', ['plan', '-'], 'INVALID_SPEC', 'standard input: a spec is an object'],
    ['no spec', ['run'], 'USAGE', "missing required argument 'spec' (orestes --help shows what is allowed)"],
    ['a spec too many', ['run', 'spec.json', 'spec.json'], 'USAGE', 'too many arguments'],
    ['an unknown command', ['trian', 'spec.json'], 'USAGE', "unknown command 'trian'"],
    ['an unknown option', ['run', 'spec.json', '--fast'], 'USAGE', "unknown option '--fast'"],
    [
      'an option without its value',
      ['run', 'spec.json', '--set'],
      'USAGE',
      "option '--set <path=value>' argument missing",
    ],
    [
      'an unknown recipe',
      ['recipes', 'bert'],
      'RECIPE_UNKNOWN',
      'bert is not known (allowed: decoupled-optim, electra, roberta)',
    ],
    [
      'an unknown engine',
      ['describe', '--engine', 'torch'],
      'INVALID_SPEC',
      'engine.name: "torch" is not allowed (allowed: xla, tfjs-node',
    ],
    [
      'an unknown device',
      ['describe', '--device', 'tpu'],
      'INVALID_SPEC',
      'engine.device: "tpu" is not allowed (allowed: cpu, cuda)',
    ],
  ] as const)('%s', async (_, args, code, says) => {
    expectRefusal(await run(args), { exit: 2, code, says });
  });

  it('are told of as a document with --json', async () => {
    const { code, stdout, stderr } = await run(['run', 'nothing.yaml', '--json']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      kind: 'error',
      code: 'SPEC_UNREADABLE',
      message: 'nothing.yaml: no such file',
    });
  });
});

describe('engines that are not there', () => {
  it.each([
    [
      'no plugin',
      ['describe'],
      { ORESTES_CACHE: '/nonexistent' },
      'ENGINE_PLUGIN_MISSING',
      /no XLA plugin for cpu in .*: run: npm run setup/,
    ],
    [
      'a plugin that is no library',
      ['describe'],
      { ORESTES_PJRT_PLUGIN: './latin1.yaml' },
      'ENGINE_PLUGIN_INVALID',
      /latin1\.yaml: not a PJRT plugin/,
    ],
    [
      'a plugin that is not there',
      ['describe'],
      { ORESTES_PJRT_PLUGIN: '/nonexistent.so' },
      'ENGINE_PLUGIN_MISSING',
      /nonexistent\.so: /,
    ],
  ] as const)('%s', async (_, args, environment, code, says) => {
    expectRefusal(await orestes(args, { cwd: folder, environment }), { exit: 2, code, says });
  });
});
