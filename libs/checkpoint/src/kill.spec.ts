import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openStore } from '@orestes/storage';
import { latestCheckpoint } from './list.js';
import { readCheckpoint } from './read.js';
import { contentOf } from './testing/content.js';

const KILLS = 20;
const ELEMENTS = 200_000;
const PART_BYTES = 500_000;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'orestes-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Saves one checkpoint after the other, from the newest one on, and says each step that is committed. */
const writer = `
  import { openStore } from '@orestes/storage';
  import { latestCheckpoint, saveCheckpoint } from '@orestes/checkpoint';
  import { contentOf } from ${JSON.stringify(pathToFileURL(join(root, 'libs/checkpoint/dist/testing/content.js')))};
  const store = openStore(${JSON.stringify(folder)});
  let step = (await latestCheckpoint(store))?.step ?? 0;
  for (;;) {
    const content = contentOf(step + 1, ${ELEMENTS});
    process.stdout.write('saving\\n');
    await saveCheckpoint(store, content, { keep: 2, partBytes: ${PART_BYTES} });
    process.stdout.write(++step + '\\n');
  }
`;

describe('a writer of checkpoints that is killed', () => {
  // The child runs what is built, so it is built first.
  beforeAll(() => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const build = spawnSync(process.execPath, [tsc, '-b', 'libs/checkpoint'], { cwd: root, encoding: 'utf8' });
    expect(build.stdout + build.stderr).toBe('');
  });

  it(`leaves the last committed checkpoint whole, ${KILLS} times`, async () => {
    const store = openStore(folder);
    let halfWritten = 0;
    let last = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // From within the first save, to beyond several: a save takes long on a busy machine.
      const said = await killedWriter(Math.random() * (60 + 40 * kill));
      last = Math.max(last, said);
      const latest = await latestCheckpoint(store);
      // A kill between the commit and its saying so is allowed.
      expect([last, last + 1]).toContain(latest?.step ?? 0);
      expect(latest?.passedOver ?? []).toEqual([]);
      if (!latest) continue;
      last = latest.step;
      const { tensors, manifest } = await readCheckpoint(store, latest.key);
      expect(manifest.samples).toBe(last * 16);
      const expected = contentOf(last, ELEMENTS).tensors;
      const differing = Object.keys(expected).filter((name) => !sameBits(tensors[name]?.data, expected[name]!.data));
      expect([Object.keys(tensors).length, differing]).toEqual([4, []]);
      for await (const { key } of store.list('checkpoints/')) if (key > `${latest.key}/z`) halfWritten++;
    }
    expect(last).toBeGreaterThan(0);
    // Else the kills missed the writing, and this showed nothing.
    expect(halfWritten).toBeGreaterThan(0);
  }, 120_000);
});

/** Starts a writer, kills it `delayMs` after it began its first or a later save, and returns the last step it said. */
async function killedWriter(delayMs: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer], { cwd: join(root, 'libs/checkpoint') });
  let said = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  await sleep(delayMs);
  child.kill('SIGKILL');
  await closed;
  if (child.signalCode !== 'SIGKILL') throw new Error(`the writer ended by itself: ${complaint}`);
  return Math.max(0, ...said.split('\n').map((line) => Number(line) || 0));
}

const sameBits = (a: ArrayBufferView | undefined, b: ArrayBufferView) =>
  a !== undefined && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
