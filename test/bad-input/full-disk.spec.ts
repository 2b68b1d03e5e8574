import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { describeSkipped } from '@orestes/storage/testing';
import { orestes } from '../support/orestes.js';
import { expectRefusal } from '../support/refusal.js';
import { checkpoints, corpusSpec, makeCorpus, pretrainSpec, run } from '../support/tiny.js';

jest.setTimeout(300_000);

const root = mkdtempSync(join(tmpdir(), 'orestes-disk-'));
const disk = join(root, 'disk');
mkdirSync(disk);
const mounted = (...options: string[]) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', options.join(), 'orestes-test', disk], { encoding: 'utf8' });
const mount = mounted('size=1300k');

/** Every file and folder on the disk, temporary ones included. */
const onDisk = () => readdirSync(disk, { recursive: true, encoding: 'utf8' }).sort();

if (mount.status !== 0) {
  rmSync(root, { recursive: true });
  describeSkipped('a full disk', `a small tmpfs cannot be mounted: ${mount.error?.message ?? mount.stderr.trim()}`);
} else {
  beforeAll(() => makeCorpus(root));
  afterAll(() => {
    spawnSync('umount', [disk]);
    rmSync(root, { recursive: true });
  });

  describe('a full disk', () => {
    it('refuses a corpus, and holds nothing of it', async () => {
      const spec = { ...corpusSpec, input: Array.from({ length: 10 }, () => 'text.txt'), output: 'disk/corpus' };
      const ended = await orestes(['run', '-'], { cwd: root, input: JSON.stringify(spec) });
      const says = /disk\/corpus\/train\/[^ ]+: no room: \d+ bytes are needed, \d+ are free/;
      expectRefusal(ended, { exit: 1, code: 'STORE_FULL', says });
      expect(onDisk()).toEqual([]);
    });

    it('refuses a checkpoint, keeps those before, and lets the run go on to the same bits once there is room', async () => {
      // A checkpoint has 516 kB: two fit.
      const spec = { ...pretrainSpec, corpus: join(root, 'corpus'), checkpoint: { everySteps: 10, keep: 3 } };
      const start = () => orestes(['run', '-'], { cwd: disk, input: JSON.stringify(spec) });
      const ended = await start();
      const says =
        /run\/checkpoints\/step-000000030\/part-00000\.safetensors: no room: \d+ bytes are needed, \d+ are free/;
      expectRefusal(ended, { exit: 1, code: 'STORE_FULL', says });
      expect(onDisk().filter((path) => /step-\d+$/.test(path))).toEqual([
        'run/checkpoints/step-000000010',
        'run/checkpoints/step-000000020',
      ]);
      expect(onDisk().filter((path) => path.includes('tmp'))).toEqual([]);
      const inspected = await orestes(['checkpoint', 'inspect', 'run', '--json'], { cwd: disk });
      expect(inspected.code).toBe(0);
      expect(JSON.parse(inspected.stdout)).toMatchObject({ manifest: { step: 20 } });

      expect(mounted('remount', 'size=8m').status).toBe(0);
      const { code, stderr } = await start();
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^resumed at step 20 from /m) });
      await run({ folder: join(root, 'elsewhere'), spec });
      expect(await checkpoints(disk)).toEqual(await checkpoints(join(root, 'elsewhere')));
    });
  });
}
