import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FinetuneResult } from '@orestes/contracts';
import { sentences } from '../support/sentences.js';
import { makeCorpus, pretrainSpec, run } from '../support/tiny.js';
import { expectRefused, type Row } from './rows.js';

jest.setTimeout(300_000);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'orestes-tasks-'));
  const fixture = join(root, 'fixture');
  await makeCorpus(fixture);
  const schedule = { ...pretrainSpec.schedule, maxSteps: 2, warmupSteps: 1 };
  await run({ folder: fixture, spec: { ...pretrainSpec, corpus: 'corpus', schedule } });
});
afterAll(() => rm(root, { recursive: true }));

const place = (name: string) => join(root, name.replaceAll(/[^A-Za-z0-9]+/g, '-'));
const check = (row: Row) => expectRefused(row, join(root, 'fixture'), place(row.name));

const spec = (task: object = { glue: 'sst2', data: 'task' }) => ({
  kind: 'finetune',
  name: 'tiny',
  checkpoint: 'run',
  output: 'tuned',
  task,
  schedule: { epochs: 1, batchSize: 8, maxLength: 32 },
});
const own = (changes: object = {}) =>
  spec({
    ...{ name: 'own', format: 'tsv', type: 'classification', text: ['sentence'], label: 'label' },
    ...{ train: 'task/train.tsv', validation: 'task/dev.tsv' },
    ...changes,
  });

const good = { 'task/train.tsv': sentences(24, 1), 'task/dev.tsv': sentences(16, 2) };
const both = (content: string) => ({ 'task/train.tsv': content, 'task/dev.tsv': content });
const invalid = { exit: 2, code: 'TASK_FILE_INVALID' } as const;

describe('task files', () => {
  const rows: Row[] = [
    {
      name: 'that are not there',
      spec: spec({ glue: 'sst2', data: 'nowhere' }),
      ...{ exit: 2, code: 'TASK_FILE_MISSING', says: /nowhere\/train\.tsv: there is no such file/ },
    },
    {
      name: 'without the validation set',
      files: { 'task/train.tsv': good['task/train.tsv'] },
      spec: spec(),
      ...{ exit: 2, code: 'TASK_FILE_MISSING', says: /task\/dev\.tsv: there is no such file/ },
    },
    {
      name: 'that are a folder',
      files: { 'folder/train.tsv/x': '' },
      spec: own({ train: 'folder/' }),
      ...{ exit: 2, code: 'TASK_FILE_MISSING', says: 'folder/: a folder is given where a file is needed' },
    },
    {
      name: 'that are empty',
      files: both(''),
      spec: spec(),
      ...invalid,
      says: /task\/train\.tsv: no usable row: the file is empty/,
    },
    {
      name: 'of ragged rows alone',
      files: both('sentence\tlabel\nno label\ntoo\tmany\tfields\n'),
      spec: spec(),
      ...invalid,
      says: /task\/train\.tsv: no usable row; 2 rows dropped: line 2 \(1 fields, 2 expected\), line 3 \(3 fields, 2 expected\)/,
    },
    {
      name: 'with the label -1 alone, as in test sets',
      files: both('sentence\tlabel\na word\t-1\nwords\t-1\n'),
      spec: spec(),
      ...invalid,
      says: /2 rows dropped: line 2 \(label -1 is not one of 0, 1\), line 3/,
    },
    {
      name: 'with scores out of range alone',
      files: both(
        `${Array.from({ length: 10 }, (_, i) => `c${i}`).join('\t')}\n${'x\t'.repeat(9)}5.1\n${'x\t'.repeat(9)}-0.5\n`,
      ),
      spec: spec({ glue: 'stsb', data: 'task' }),
      ...invalid,
      says: /line 2 \(score 5\.1 is not between 0 and 5\), line 3 \(score -0\.5 is not between 0 and 5\)/,
    },
    {
      name: 'with a header where none is expected',
      files: both('a\tb\tc\n'.repeat(3)),
      spec: spec({ glue: 'cola', data: 'task' }),
      ...invalid,
      says: /task\/train\.tsv, line 1: there is no column 4 \(allowed: 1 to 3\)/,
    },
    {
      name: 'without the column',
      files: good,
      spec: own({ text: ['text'] }),
      ...invalid,
      says: /train\.tsv, line 1: there is no column text \(allowed: 1 to 2: 1 sentence, 2 label\)/,
    },
    {
      name: 'with one label alone',
      files: both('sentence\tlabel\na word\tyes\n'),
      spec: own(),
      ...invalid,
      says: /every row has the label yes \(at least 2 are needed\)/,
    },
    {
      name: 'with a label that no training row has',
      files: { ...good, 'task/dev.tsv': 'sentence\tlabel\na word\t7\n' },
      spec: own(),
      ...invalid,
      says: /task\/dev\.tsv, line 2: no training row has the label 7 \(allowed: 0, 1\)/,
    },
    {
      name: 'that are not JSONL',
      files: both('{"sentence": "a", "label"\n'),
      spec: own({ format: 'jsonl' }),
      ...invalid,
      says: /no usable row; 1 row dropped: line 1 \(not a JSON object\)/,
    },
    {
      name: 'that are not UTF-8',
      files: { ...good, 'task/train.tsv': Buffer.from('sentence\tlabel\ncaf\xe9\t1\n', 'latin1') },
      spec: spec(),
      ...invalid,
      says: /no usable row; 1 row dropped: line 2 \(not UTF-8\)/,
    },
  ];
  it.each(rows)('$name: $code', check);

  it('with some bad rows are used without them, and say which', async () => {
    const ragged = 'one field\n\ttext is missing\nlabel\tof test sets\t-1\nwords\t-1\r\n';
    const dirty = `\ufeff${good['task/train.tsv'].replaceAll('\n', '\r\n')}${ragged}`;
    const folder = place('some bad rows');
    await mkdir(join(folder, 'task'), { recursive: true });
    await writeFile(join(folder, 'task/train.tsv'), dirty);
    await writeFile(join(folder, 'task/dev.tsv'), good['task/dev.tsv']);
    const { stdout } = await run({ folder, spec: { ...spec(), checkpoint: '../fixture/run', output: 'run' } });
    const warnings = stdout.split('\n').filter((line) => line.includes('"kind":"warning"'));
    expect(warnings.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        kind: 'warning',
        code: 'ROWS_DROPPED',
        message: expect.stringMatching(
          /task\/train\.tsv: 4 rows dropped: line 26 \(1 fields, 2 expected\), line 27 \(empty text\), line 28 \(3 fields, 2 expected\), line 29 \(label -1 is not one of 0, 1\)$/,
        ),
      },
    ]);
    const result = FinetuneResult.parse(JSON.parse(await readFile(join(folder, 'run/result.json'), 'utf8')));
    expect(result.droppedRows).toBe(4);
  });
});
