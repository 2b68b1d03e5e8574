import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exclusively } from './exclusively.js';

describe('exclusively', () => {
  let folder = '';
  beforeAll(async () => (folder = await mkdtemp(path.join(tmpdir(), 'orestes-lock-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it('lets one in at a time, says whom the others wait for, and leaves nothing', async () => {
    let inside = 0;
    const waitedFor: number[] = [];
    const act = async () => {
      expect(++inside).toBe(1);
      await sleep(30);
      inside--;
    };
    const lock = path.join(folder, 'one');
    const say = (holder: number) => waitedFor.push(holder);
    await Promise.all([1, 2, 3].map(() => exclusively(lock, say, act)));
    expect(waitedFor).toEqual([process.pid, process.pid]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['ended', () => String(spawnSync('true').pid)],
    ['has the number of a process that ended', () => `${process.pid} 1`],
  ])('does not wait for a holder that %s', async (_, holder) => {
    const lock = path.join(folder, 'left');
    await writeFile(lock, holder());
    const waiting = () => expect('waited for nobody').toBe('');
    expect(await exclusively(lock, waiting, () => Promise.resolve(7))).toBe(7);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free again when what it was held for fails', async () => {
    const lock = path.join(folder, 'failed');
    const fail = exclusively(
      lock,
      () => undefined,
      () => Promise.reject(new Error('no')),
    );
    await expect(fail).rejects.toThrow('no');
    expect(
      await exclusively(
        lock,
        () => undefined,
        () => Promise.resolve('yes'),
      ),
    ).toBe('yes');
  });
});
