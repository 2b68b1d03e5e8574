import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPlugin } from '@orestes/engine';
import { attempt, checkpoints, corpusSpec, files, makeCorpus, metrics, run, type Settings } from '../support/tiny.js';

jest.setTimeout(300_000);

let folder: string;
const at = (name: string) => join(folder, name);
const pretrained = (name: string, settings: Settings = {}) => run({ folder: at(name), settings });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orestes-determinism-'));
  await makeCorpus(folder);
  await pretrained('first');
});
afterAll(() => rm(folder, { recursive: true }));

describe('pretraining', () => {
  it('gives the same bytes for the same seed', async () => {
    await pretrained('again');
    expect(await metrics(at('again'))).toEqual(await metrics(at('first')));
    expect(await checkpoints(at('again'))).toEqual(await checkpoints(at('first')));
  });

  it('gives the same bytes from a program that was compiled anew', async () => {
    const environment = { ORESTES_CACHE: at('cache'), ORESTES_PJRT_PLUGIN: findPlugin('cpu').path };
    const { code, stdout } = await attempt({ folder: at('compiled') }, { environment });
    expect(code).toBe(0);
    expect(stdout).toMatch(/"program":"pretraining step",[^\n]*"cached":false/);
    expect(await metrics(at('compiled'))).toEqual(await metrics(at('first')));
    expect(await checkpoints(at('compiled'))).toEqual(await checkpoints(at('first')));
  });

  it('gives other losses and other sequences for another seed', async () => {
    await pretrained('other', { seed: 2 });
    const [first, other] = [await metrics(at('first')), await metrics(at('other'))];
    expect(other.map(({ step, split }) => [step, split])).toEqual(first.map(({ step, split }) => [step, split]));
    const training = other.filter(({ split }) => split === 'train');
    for (const { step, values } of training) {
      const same = first.find((record) => record.step === step && record.split === 'train')!;
      for (const name of ['mlm_loss', 'rtd_loss', 'sample_ids'])
        expect({ step, name, value: values[name] }).not.toEqual({ step, name, value: same.values[name] });
    }
  });
});

describe('a corpus', () => {
  it('has the same bytes when it is built again', async () => {
    const first = await files(at('corpus'));
    await makeCorpus(folder, { ...corpusSpec, output: 'built-again' });
    expect(await files(at('built-again'))).toEqual(first);
    expect(Object.keys(first)).toEqual([
      'corpus.json',
      'tokenizer.json',
      'train/index.json',
      'train/shard.00000.mds',
      'validation/index.json',
      'validation/shard.00000.mds',
    ]);
  });
});
