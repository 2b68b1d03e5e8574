import { describe, expect, it } from '@jest/globals';
import type { GlueTask, OwnTask } from '@orestes/contracts';
import { GLUE, glueTask } from './glue.js';
import { ownTask } from './own.js';
import { loadTask, type Task } from './task.js';

const reader = (files: Record<string, string>) => (location: string) =>
  Promise.resolve(new TextEncoder().encode(files[location]));

/** A line of `fields` cells that holds the given ones, by 1-based column. */
const line = (fields: number, cells: Record<number, string>) =>
  Array.from({ length: fields }, (_, i) => cells[i + 1] ?? `c${i + 1}`).join('\t');

const own = (changes: Partial<OwnTask> = {}): Task =>
  ownTask({
    name: 'mine',
    format: 'tsv',
    train: 'train',
    validation: 'dev',
    type: 'classification',
    text: ['s'],
    label: 'y',
    header: true,
    ...changes,
  });

/** Columns as in the official files: fields of train and dev, cells of one row. */
const OFFICIAL: Record<
  GlueTask,
  { fields: [number, number]; train: Record<number, string>; dev: Record<number, string> }
> = {
  cola: { fields: [4, 4], train: { 2: '1', 4: 'A' }, dev: { 2: '0', 4: 'A' } },
  sst2: { fields: [2, 2], train: { 1: 'A', 2: '1' }, dev: { 1: 'A', 2: '0' } },
  mrpc: { fields: [5, 5], train: { 1: '1', 4: 'A', 5: 'B' }, dev: { 1: '0', 4: 'A', 5: 'B' } },
  qqp: { fields: [6, 6], train: { 4: 'A', 5: 'B', 6: '1' }, dev: { 4: 'A', 5: 'B', 6: '0' } },
  stsb: { fields: [10, 10], train: { 8: 'A', 9: 'B', 10: '5.000' }, dev: { 8: 'A', 9: 'B', 10: '0.4' } },
  mnli: { fields: [12, 16], train: { 9: 'A', 10: 'B', 12: 'neutral' }, dev: { 9: 'A', 10: 'B', 16: 'contradiction' } },
  qnli: { fields: [4, 4], train: { 2: 'A', 3: 'B', 4: 'not_entailment' }, dev: { 2: 'A', 3: 'B', 4: 'entailment' } },
  rte: { fields: [4, 4], train: { 2: 'A', 3: 'B', 4: 'not_entailment' }, dev: { 2: 'A', 3: 'B', 4: 'entailment' } },
  wnli: { fields: [4, 4], train: { 2: 'A', 3: 'B', 4: '1' }, dev: { 2: 'A', 3: 'B', 4: '0' } },
};

function glueFiles(name: GlueTask, extraTrain: string[] = []): Record<string, string> {
  const { fields, train, dev } = OFFICIAL[name];
  const file = (n: number, rows: string[]) => [...(GLUE[name].header ? [line(n, {})] : []), ...rows].join('\n') + '\n';
  const sets = Object.values(GLUE[name].validation).map((v): [string, string] => [
    `/d/${v.file}`,
    file(fields[1], [line(fields[1], dev)]),
  ]);
  return { '/d/train.tsv': file(fields[0], [line(fields[0], train), ...extraTrain]), ...Object.fromEntries(sets) };
}

describe('GLUE tasks', () => {
  it.each(Object.keys(OFFICIAL) as GlueTask[])('%s reads its official columns', async (name) => {
    const task = await loadTask(glueTask(name, '/d/'), reader(glueFiles(name)));
    const texts = [GLUE[name].text.length === 2 ? ['A', 'B'] : ['A']];
    const { train, dev } = OFFICIAL[name];
    const value = (cells: Record<number, string>, column: number) =>
      name === 'stsb' ? Number(cells[column]) : task.labels!.indexOf(cells[column]!);
    expect(task.train.map((e) => e.text)).toEqual(texts);
    expect(task.train[0]!.target).toBe(value(train, GLUE[name].label));
    expect(task.validation.map((v) => v.set)).toEqual(name === 'mnli' ? ['matched', 'mismatched'] : ['dev']);
    for (const { examples } of task.validation) {
      expect(examples.map((e) => e.text)).toEqual(texts);
      expect(examples[0]!.target).toBe(value(dev, name === 'mnli' ? 16 : GLUE[name].label));
    }
    expect([task.shift, task.scale]).toEqual(name === 'stsb' ? [0, 5] : [0, 1]);
    expect(task.dropped.map((d) => d.rows.count)).toEqual(task.dropped.map(() => 0));
  });

  it.each<[GlueTask, string, string]>([
    ['cola', line(4, { 2: '-1' }), 'label -1 is not one of 0, 1'],
    ['cola', line(3, {}), '3 fields, 4 expected'],
    ['qqp', line(5, { 5: '1' }), '5 fields, 6 expected'],
    ['qqp', line(7, { 6: '1' }), '7 fields, 6 expected'],
    ['mnli', line(12, { 12: '-' }), 'label - is not one of contradiction, entailment, neutral'],
    ['stsb', line(10, { 10: '5.1' }), 'score 5.1 is not between 0 and 5'],
    ['stsb', line(10, { 10: '-1' }), 'score -1 is not between 0 and 5'],
    ['stsb', line(10, { 10: 'nan' }), 'score nan is not a number'],
    ['stsb', line(10, { 10: '1e999' }), 'score 1e999 is not a number'],
  ])('%s drops a bad row and says why: %s', async (name, bad, reason) => {
    const task = await loadTask(
      glueTask(name, '/d'),
      reader(glueFiles(name, [bad, line(OFFICIAL[name].fields[0], OFFICIAL[name].train)])),
    );
    expect(task.train).toHaveLength(2);
    expect(task.dropped[0]!.rows.all).toEqual([{ line: GLUE[name].header ? 3 : 2, reason }]);
  });

  it('refuses a file without its header rather than lose a row', async () => {
    const files = { ...glueFiles('sst2'), '/d/dev.tsv': 'A\t1\nB\t0\n' };
    await expect(loadTask(glueTask('sst2', '/d'), reader(files))).rejects.toMatchObject({
      code: 'TASK_FILE_INVALID',
      message: '/d/dev.tsv, line 1: a header is expected, and this line is a row with the label 1',
    });
  });
});

describe("the user's own task", () => {
  it('collects and sorts the classes of the training rows', async () => {
    const task = await loadTask(own(), reader({ train: 's\ty\nA\tpos\nB\tneg\nC\tmid\n', dev: 's\ty\nA\tmid\n' }));
    expect(task.labels).toEqual(['mid', 'neg', 'pos']);
    expect(task.train.map((e) => e.target)).toEqual([2, 1, 0]);
  });

  it('standardises scores by the training rows', async () => {
    const files = { train: '{"s":"A","y":1}\n{"s":"B","y":3}\n{"s":"C","y":"x"}\n', dev: '{"s":"A","y":10}\n' };
    const task = await loadTask(own({ format: 'jsonl', type: 'regression' }), reader(files));
    expect([task.shift, task.scale]).toEqual([2, 1]);
    expect(task.validation[0]!.examples[0]!.target).toBe(10);
    expect(task.dropped[0]!.rows.all).toEqual([{ line: 3, reason: 'score x is not a number' }]);
  });

  it.each<[string, Partial<OwnTask>, Record<string, string>, string]>([
    [
      'a label that training never saw',
      {},
      { train: 's\ty\nA\t0\nB\t1\n', dev: 's\ty\nA\t0\nB\t2\n' },
      'dev, line 3: no training row has the label 2 (allowed: 0, 1)',
    ],
    [
      'a single class',
      {},
      { train: 's\ty\nA\t0\n', dev: 's\ty\nA\t0\n' },
      'train: every row has the label 0 (at least 2 are needed)',
    ],
    [
      'no score',
      { type: 'regression' },
      { train: 's\ty\nA\tx\n', dev: 's\ty\nA\t0\n' },
      'train: no usable row; 1 row dropped: line 2 (score x is not a number)',
    ],
    [
      'an unknown column',
      { label: 'z' },
      { train: 's\ty\nA\t0\n', dev: 's\ty\nA\t0\n' },
      'train, line 1: there is no column z (allowed: 1 to 2: 1 s, 2 y)',
    ],
  ])('refuses %s', async (_, changes, files, message) => {
    await expect(loadTask(own(changes), reader(files))).rejects.toMatchObject({ code: 'TASK_FILE_INVALID', message });
  });
});
