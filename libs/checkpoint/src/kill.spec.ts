import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openStore } from '@orestes/storage';
import { latestCheckpoint } from './list.js';
import { readCheckpoint } from './read.js';
import { saveCheckpoint } from './save.js';
import { contentOf } from './testing/content.js';

/** A save of 4 parts writes 6 files and renames each, and removes the 6 of an older one: 18 moments. */
const KILLS = 20;
const ELEMENTS = 200_000;
const PART_BYTES = 500_000;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'orestes-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Saves one checkpoint after the other, from the newest one on, and says each step that is committed. Kills itself at the
 * moment that its environment names: at a write half of the bytes are written, at a renaming or a removal nothing is done.
 */
const writer = `
  import fs from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  let left = Number(process.env.MOMENT);
  const moment = async (before) => {
    if (left-- > 0) return;
    await before?.();
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => {});
  };
  const probe = await fs.open(process.execPath);
  const files = Object.getPrototypeOf(probe);
  await probe.close();
  const { writeFile } = files;
  files.writeFile = async function (content) {
    await moment(() => writeFile.call(this, content.subarray(0, content.length / 2)));
    return writeFile.call(this, content);
  };
  for (const name of ['rename', 'rm']) {
    const act = fs[name];
    fs[name] = async (...given) => {
      await moment();
      return act(...given);
    };
  }
  syncBuiltinESMExports();
  const { openStore } = await import('@orestes/storage');
  const { latestCheckpoint, saveCheckpoint } = await import('@orestes/checkpoint');
  const { contentOf } = await import(${JSON.stringify(pathToFileURL(join(root, 'libs/checkpoint/dist/testing/content.js')))});
  const store = openStore(${JSON.stringify(folder)});
  let step = (await latestCheckpoint(store))?.step ?? 0;
  for (;;) {
    const content = contentOf(step + 1, ${ELEMENTS});
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
  }, 300_000);

  it(`leaves the last committed checkpoint whole, ${KILLS} times`, async () => {
    const store = openStore(folder);
    for (const step of [1, 2])
      await saveCheckpoint(store, contentOf(step, ELEMENTS), { keep: 2, partBytes: PART_BYTES });
    let halfWritten = 0;
    let last = 2;
    for (let moment = 0; moment < KILLS; moment++) {
      last = Math.max(last, killedWriter(moment));
      const latest = await latestCheckpoint(store);
      // A kill between the commit and its saying so is allowed.
      expect([last, last + 1]).toContain(latest?.step);
      expect(latest?.passedOver).toEqual([]);
      last = latest!.step;
      const { tensors, manifest } = await readCheckpoint(store, latest!.key);
      expect(manifest.samples).toBe(last * 16);
      const expected = contentOf(last, ELEMENTS).tensors;
      const differing = Object.keys(expected).filter((name) => !sameBits(tensors[name]?.data, expected[name]!.data));
      expect([Object.keys(tensors).length, differing]).toEqual([4, []]);
      for await (const { key } of store.list('checkpoints/')) if (key > `${latest!.key}/z`) halfWritten++;
    }
    expect(last).toBeGreaterThan(2);
    // Else the kills missed the writing, or what comes after it, and this showed nothing.
    expect(halfWritten).toBeGreaterThan(0);
  }, 240_000);
});

/** Runs a writer that is killed at a moment, counted from its start. @returns the last step it said */
function killedWriter(moment: number): number {
  const { signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', writer], {
    cwd: join(root, 'libs/checkpoint'),
    env: { ...process.env, MOMENT: String(moment) },
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGTERM',
  });
  if (signal !== 'SIGKILL') throw new Error(`the writer did not come to moment ${moment}: ${stderr}`);
  return Math.max(0, ...stdout.split('\n').map(Number));
}

const sameBits = (a: ArrayBufferView | undefined, b: ArrayBufferView) =>
  a !== undefined && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
