import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { OrestesError } from '@orestes/contracts';
import { openStore } from '@orestes/storage';
import { describeSkipped } from '@orestes/storage/testing';
import { latestCheckpoint } from './list.js';
import { readCheckpoint } from './read.js';
import { saveCheckpoint } from './save.js';
import { contentOf } from './testing/content.js';

const folder = mkdtempSync(join(tmpdir(), 'orestes-full-'));
const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'orestes-test', folder], { encoding: 'utf8' });
const reason = mount.error?.message ?? mount.stderr.trim();

if (mount.status !== 0) {
  rmdirSync(folder);
  describeSkipped('a full disk', `a small tmpfs cannot be mounted: ${reason}`);
} else {
  afterAll(() => {
    spawnSync('umount', [folder]);
    rmdirSync(folder);
  });

  describe('a full disk', () => {
    // 3 tensors of 400,000 bytes: two checkpoints and a half fit into 4 MiB with their tokenizers.
    const elements = 100_000;

    it.each([
      ['in one part', 2_000_000],
      ['in three parts', 400_000],
    ])('refuses a checkpoint %s with STORE_FULL and leaves the ones before as they were', async (name, partBytes) => {
      const store = openStore(join(folder, name.replaceAll(' ', '-')));
      const filler = openStore(folder);
      await saveCheckpoint(store, contentOf(1, elements), { keep: 3, partBytes });
      await filler.put('filler', new Uint8Array(2_200_000));
      const listBefore = await listed(store);
      const failure: unknown = await saveCheckpoint(store, contentOf(2, elements), { keep: 3, partBytes }).catch(
        (e: unknown) => e,
      );
      expect(failure).toBeInstanceOf(OrestesError);
      expect(failure).toMatchObject({ code: 'STORE_FULL' });
      expect(String(failure)).toMatch(
        /step-000000002\/part-0000\d\.safetensors: no room: \d+ bytes are needed, \d+ are free/,
      );
      expect(await listed(store)).toEqual(listBefore);
      expect(readdirSync(folder, { recursive: true }).filter((path) => String(path).includes('tmp'))).toEqual([]);
      const latest = await latestCheckpoint(store);
      expect(latest?.step).toBe(1);
      expect((await readCheckpoint(store, latest!.key)).tensors).toEqual(contentOf(1, elements).tensors);
      await filler.delete('filler');
      await saveCheckpoint(store, contentOf(2, elements), { keep: 1, partBytes });
      expect((await latestCheckpoint(store))?.step).toBe(2);
      for (const { key } of await listed(store)) await store.delete(key);
    });
  });
}

async function listed(store: ReturnType<typeof openStore>) {
  const entries = [];
  for await (const entry of store.list('')) entries.push(entry);
  return entries;
}
