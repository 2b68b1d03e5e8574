import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ObjectStore, openStore } from '@orestes/storage';
import { describeSkipped, installVersitygw, type S3Server, startVersitygw } from '@orestes/storage/testing';
import { inspectCheckpoint } from './inspect.js';
import { latestCheckpoint, listCheckpoints } from './list.js';
import { readCheckpoint } from './read.js';
import { resolveCheckpoint } from './resolve.js';
import { saveCheckpoint } from './save.js';
import { contentOf } from './testing/content.js';

const folder = mkdtempSync(join(tmpdir(), 'orestes-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = (s: string) => new TextEncoder().encode(s);
const code = (code: string) => expect.objectContaining({ code });

async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function failureOf(act: Promise<unknown>): Promise<unknown> {
  return act.then(
    () => null,
    (error: unknown) => error,
  );
}

function describeCheckpoints(name: string, addressOf: (place: string) => string): void {
  describe(name, () => {
    it('gives back what was saved, from the run’s address and from its own', async () => {
      const store = openStore(addressOf('round'));
      await saveCheckpoint(store, contentOf(999), { keep: 3 });
      const { tensors, tokenizerJson, ...rest } = contentOf(1000);
      const saved = await saveCheckpoint(store, contentOf(1000), { keep: 3, partBytes: 5000 });
      expect(saved.key).toBe('checkpoints/step-000001000');
      const files = [
        'manifest.json',
        'part-00000.safetensors',
        'part-00001.safetensors',
        'part-00002.safetensors',
        'tokenizer.json',
      ];
      expect(await keysOf(store, `${saved.key}/`)).toEqual(files.map((file) => `${saved.key}/${file}`));
      let bytes = 0;
      for await (const entry of store.list(`${saved.key}/`)) bytes += entry.bytes;
      expect(saved.bytes).toBe(bytes);
      for (const address of [addressOf('round'), saved.address]) {
        const place = await resolveCheckpoint(address);
        const found = await readCheckpoint(place.store, place.key);
        expect(found.manifest).toMatchObject({ format: 'orestes.checkpoint/1', ...rest });
        expect(found.manifest.parts).toHaveLength(3);
        expect(found.tensors).toEqual(tensors);
        expect(found.tokenizerJson).toBe(tokenizerJson);
      }
    });

    it('keeps the newest, removes the rest and what killed writers left', async () => {
      const store = openStore(addressOf('keep'));
      await store.put('checkpoints/notes.txt', text('a user’s own'));
      await store.put('metrics.jsonl', text(''));
      for (const step of [1, 2, 3]) await saveCheckpoint(store, contentOf(step), { keep: 2 });
      await store.put('checkpoints/step-000000004/part-00000.safetensors', text('half'));
      await store.put('checkpoints/step-000000005/part-00007.safetensors', text('of a larger one'));
      expect((await latestCheckpoint(store))?.step).toBe(3);
      await saveCheckpoint(store, contentOf(5), { keep: 2 });
      expect((await listCheckpoints(store)).map(({ step }) => step)).toEqual([5, 3]);
      const files = ['manifest.json', 'part-00000.safetensors', 'tokenizer.json'];
      expect(await keysOf(store)).toEqual([
        'checkpoints/notes.txt',
        ...files.map((file) => `checkpoints/step-000000003/${file}`),
        ...files.map((file) => `checkpoints/step-000000005/${file}`),
        'metrics.jsonl',
      ]);
    });
  });
}

describeCheckpoints('checkpoints in a folder', (place) => join(folder, place));

const installed = installVersitygw();
if ('reason' in installed) {
  describeSkipped('checkpoints in S3', installed.reason);
} else {
  let server: S3Server;
  beforeAll(async () => {
    server = await startVersitygw(installed.binary);
    Object.assign(process.env, server.environment);
  });
  afterAll(() => server.stop());
  describeCheckpoints('checkpoints in S3', (place) => `s3://${server.bucket}/${place}?endpoint=${server.endpoint}`);
}

describe('saveCheckpoint', () => {
  it('writes the same bytes for the same content, and may do it again', async () => {
    const store = openStore(join(folder, 'again'));
    const { key } = await saveCheckpoint(store, contentOf(7), { keep: 1 });
    const before = await Promise.all((await keysOf(store)).map((k) => store.get(k)));
    const shuffled = contentOf(7);
    shuffled.tensors = Object.fromEntries(Object.entries(shuffled.tensors).reverse());
    shuffled.spec = Object.fromEntries(Object.entries(shuffled.spec).reverse());
    await store.put(`${key}/part-00000.safetensors`, text('damaged meanwhile'));
    await saveCheckpoint(store, shuffled, { keep: 1 });
    expect(await Promise.all((await keysOf(store)).map((k) => store.get(k)))).toEqual(before);
  });

  it('refuses to replace a checkpoint by another of its step', async () => {
    const store = openStore(join(folder, 'other'));
    const { key } = await saveCheckpoint(store, contentOf(7), { keep: 1 });
    const other = { ...contentOf(7), tensors: contentOf(8).tensors };
    await expect(saveCheckpoint(store, other, { keep: 1 })).rejects.toEqual(code('CHECKPOINT_EXISTS'));
    expect((await readCheckpoint(store, key)).tensors).toEqual(contentOf(7).tensors);
  });

  it.each<[string, (store: ObjectStore, key: string) => Promise<void>]>([
    ['manifest is cut short', (store, key) => store.put(`${key}/manifest.json`, text('{"format":'))],
    ['part is cut short', (store, key) => store.put(`${key}/part-00001.safetensors`, text('short'))],
    ['tokenizer is lost', (store, key) => store.delete(`${key}/tokenizer.json`)],
  ])('replaces a checkpoint whose %s by another of its step', async (name, damage) => {
    const store = openStore(join(folder, 'replaced', name.replaceAll(' ', '-')));
    await saveCheckpoint(store, contentOf(1), { keep: 2 });
    const { key } = await saveCheckpoint(store, contentOf(2), { keep: 2, partBytes: 5000 });
    await damage(store, key);
    expect((await latestCheckpoint(store))?.step).toBe(1);
    const other = { ...contentOf(2), tensors: contentOf(8).tensors };
    await saveCheckpoint(store, other, { keep: 2 });
    expect((await readCheckpoint(store, key)).tensors).toEqual(other.tensors);
    expect((await listCheckpoints(store)).map(({ step }) => step)).toEqual([2, 1]);
  });

  it('takes a checkpoint of the same content under another name for the same', async () => {
    const store = openStore(join(folder, 'renamed'));
    const { key } = await saveCheckpoint(store, contentOf(7), { keep: 1 });
    const spec = { ...contentOf(7).spec, name: 'renamed', engine: { devices: 2 } };
    await saveCheckpoint(store, { ...contentOf(7), spec }, { keep: 3 });
    expect((await readCheckpoint(store, key)).manifest.spec).toEqual(spec);
    const other = { ...contentOf(7), recipeHash: 'cd'.repeat(32) };
    await expect(saveCheckpoint(store, other, { keep: 3 })).rejects.toEqual(code('CHECKPOINT_EXISTS'));
  });

  it('writes nothing when its content is no checkpoint', async () => {
    const store = openStore(join(folder, 'nothing'));
    await expect(saveCheckpoint(store, { ...contentOf(7), recipeHash: 'x' }, { keep: 1 })).rejects.toThrow(
      'recipeHash',
    );
    await expect(saveCheckpoint(store, contentOf(7), { keep: 0 })).rejects.toThrow('keep: 0');
    expect(await keysOf(store)).toEqual([]);
  });
});

describe('readCheckpoint', () => {
  it('keeps the tensors asked for', async () => {
    const store = openStore(join(folder, 'names'));
    const { key } = await saveCheckpoint(store, contentOf(7), { keep: 1, partBytes: 5000 });
    const { tensors } = await readCheckpoint(store, key, { names: (name) => name.startsWith('encoder/layer') });
    expect(Object.keys(tensors)).toEqual(['encoder/layer_0/ffn/norm/scale']);
  });

  type Damage = (store: ObjectStore, key: string) => Promise<void>;
  const change = (file: string, by: (content: Uint8Array) => Uint8Array): Damage => {
    return async (store, key) => store.put(`${key}/${file}`, by(await store.get(`${key}/${file}`)));
  };
  const edit = (by: (manifest: { parts: { file: string }[] } & Record<string, unknown>) => void): Damage =>
    change('manifest.json', (content) => {
      const manifest = JSON.parse(new TextDecoder().decode(content)) as Parameters<typeof by>[0];
      by(manifest);
      return text(JSON.stringify(manifest));
    });
  const flip = (content: Uint8Array) => content.with(content.length - 1, content.at(-1)! ^ 1);

  it.each<[string, string, string, Damage]>([
    [
      'no manifest',
      'CHECKPOINT_MISSING',
      'manifest.json: there is no such file',
      (store, key) => store.delete(`${key}/manifest.json`),
    ],
    [
      'a manifest cut short',
      'CHECKPOINT_CORRUPT',
      'manifest.json: ',
      change('manifest.json', (c) => c.subarray(0, 99)),
    ],
    ['an unknown field', 'CHECKPOINT_CORRUPT', 'manifest.json.extra: unknown field', edit((m) => (m['extra'] = 1))],
    [
      'another format',
      'CHECKPOINT_CORRUPT',
      'manifest.json.format: "x/2" is not allowed',
      edit((m) => (m['format'] = 'x/2')),
    ],
    [
      'a part’s path that leaves',
      'CHECKPOINT_CORRUPT',
      'manifest.json.parts.0.file',
      edit((m) => (m.parts[0]!.file = '../part')),
    ],
    [
      'a part’s name that leaves',
      'CHECKPOINT_CORRUPT',
      '".." is not the name of a part',
      edit((m) => (m.parts[0]!.file = '..')),
    ],
    [
      'a lost part',
      'CHECKPOINT_CORRUPT',
      'part-00001.safetensors: there is no such file',
      (store, key) => store.delete(`${key}/part-00001.safetensors`),
    ],
    [
      'a part cut short',
      'CHECKPOINT_CORRUPT',
      'part-00001.safetensors: expected 4',
      change('part-00001.safetensors', (c) => c.subarray(1)),
    ],
    [
      'a flipped bit',
      'CHECKPOINT_CORRUPT',
      'part-00001.safetensors: expected SHA-256',
      change('part-00001.safetensors', flip),
    ],
    ['a part twice', 'CHECKPOINT_CORRUPT', 'is in part-00000.safetensors too', edit((m) => m.parts.push(m.parts[0]!))],
    [
      'a lost tokenizer',
      'CHECKPOINT_CORRUPT',
      'tokenizer.json: there is no such file',
      (store, key) => store.delete(`${key}/tokenizer.json`),
    ],
    ['a changed tokenizer', 'CHECKPOINT_CORRUPT', 'tokenizer.json: expected SHA-256', change('tokenizer.json', flip)],
  ])('refuses %s with %s', async (name, expected, why, damage) => {
    const store = openStore(join(folder, 'damage', name.replace(/\W/g, '-')));
    const { key } = await saveCheckpoint(store, contentOf(7), { keep: 1, partBytes: 5000 });
    await damage(store, key);
    const acts = [() => readCheckpoint(store, key), () => inspectCheckpoint(store, key)];
    for (const act of name.includes('tokenizer') ? acts.slice(0, 1) : acts) {
      const failure = await failureOf(act());
      expect(failure).toMatchObject({ code: expected, exitCode: expected === 'CHECKPOINT_MISSING' ? 2 : 1 });
      expect(String(failure)).toContain(why);
    }
  });
});

describe('latestCheckpoint', () => {
  it('passes over broken ones and says why', async () => {
    const store = openStore(join(folder, 'broken'));
    for (const step of [1, 2, 3, 4, 5]) await saveCheckpoint(store, contentOf(step), { keep: 9 });
    await store.put('checkpoints/step-000000005/manifest.json', text('{"format":'));
    await store.delete('checkpoints/step-000000004/tokenizer.json');
    await store.put('checkpoints/step-000000003/part-00000.safetensors', text('short'));
    await store.put(
      'checkpoints/step-000000006/manifest.json',
      await store.get('checkpoints/step-000000002/manifest.json'),
    );
    const latest = await latestCheckpoint(store);
    expect(latest?.step).toBe(2);
    const passedOver = latest?.passedOver.map(({ step, problem }) => [
      step,
      problem.code,
      problem.message.split(': ').slice(1).join(': '),
    ]);
    expect(passedOver).toEqual([
      [6, 'CHECKPOINT_CORRUPT', 'manifest.json says step 2'],
      [5, 'CHECKPOINT_CORRUPT', expect.stringContaining('manifest.json: ')],
      [4, 'CHECKPOINT_CORRUPT', 'tokenizer.json is missing'],
      [3, 'CHECKPOINT_CORRUPT', expect.stringMatching(/part-00000.safetensors: expected \d+ bytes, found 5/)],
    ]);
  });

  it('is null where there is none', async () => {
    const address = join(folder, 'none');
    expect(await latestCheckpoint(openStore(address))).toBeNull();
    const failure = await failureOf(resolveCheckpoint(address));
    expect(failure).toMatchObject({ code: 'CHECKPOINT_MISSING', exitCode: 2 });
    expect(String(failure)).toContain(`${address}: there is no checkpoint`);
  });
});

describe('inspectCheckpoint', () => {
  it('describes every tensor and group', async () => {
    const store = openStore(join(folder, 'inspect'));
    const content = contentOf(7, 4);
    content.tensors['encoder/layer_0/x'] = { shape: [4], dtype: 'float32', data: Float32Array.of(NaN, Infinity, 1, 3) };
    content.tensors['encoder/layer_0/y'] = { shape: [1], dtype: 'float32', data: Float32Array.of(NaN) };
    const { key } = await saveCheckpoint(store, content, { keep: 1, partBytes: 20 });
    const { tensors, groups, manifest } = await inspectCheckpoint(store, key);
    expect(manifest.step).toBe(7);
    expect(tensors.map(({ name }) => name)).toEqual(Object.keys(content.tensors).sort());
    const of = (name: string) => tensors.find((tensor) => tensor.name === name);
    // 7.25 + {0, 1/4, 1/2, 3/4}: mean 7.625; population variance (9 + 1 + 1 + 9) / 64 / 4 = 5/64.
    expect(of('encoder/embeddings/word')).toEqual({
      ...{ name: 'encoder/embeddings/word', shape: [2, 2], dtype: 'float32', elements: 4, bytes: 16, finite: 4 },
      ...{ mean: 7.625, std: Math.sqrt(5 / 64) },
    });
    expect(of('encoder/layer_0/x')).toMatchObject({ finite: 2, mean: 2, std: 1 });
    expect(of('encoder/layer_0/y')).toMatchObject({ finite: 0, mean: null, std: null });
    expect(of('step')).toMatchObject({ shape: [], dtype: 'int32', mean: 7, std: 0 });
    expect(groups).toEqual([
      { prefix: 'encoder/embeddings', tensors: 1, elements: 4, bytes: 16, finite: 4 },
      { prefix: 'encoder/layer_0', tensors: 3, elements: 9, bytes: 36, finite: 6 },
      { prefix: 'optimizer/encoder', tensors: 1, elements: 4, bytes: 16, finite: 4 },
      { prefix: 'step', tensors: 1, elements: 1, bytes: 4, finite: 1 },
    ]);
  });
});
