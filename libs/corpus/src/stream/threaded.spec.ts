import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { failureOf, testFolder } from '../testing/folder.js';
import type { ThreadTask } from './thread-messages.js';
import { ThreadedBatches } from './threaded.js';

const folder = testFolder();
const task = { address: 'x', plan: {} } as ThreadTask;

/** A stream whose thread runs a program of one line. */
function threadOf(name: string, program: string): ThreadedBatches {
  const file = join(folder, `${name}.cjs`);
  writeFileSync(file, `const { parentPort } = require('node:worker_threads'); ${program}`);
  return new ThreadedBatches(file, task);
}

describe('a stream does not wait for a thread that', () => {
  it.each([
    ['throws', `throw new TypeError('broken');`, 'STREAM_FAILED', /stopped: broken/],
    ['exits', 'process.exit(3);', 'STREAM_FAILED', /stopped: exit code 3/],
    ['ends without a word', '', 'STREAM_FAILED', /stopped: exit code 0/],
    ['rejects later', 'setTimeout(() => Promise.reject(new Error("late")), 20);', 'STREAM_FAILED', /stopped: late/],
    [
      'sends an error',
      `parentPort.postMessage({ kind: 'error', error: { code: 'SHARD_CORRUPT', message: 'm', exitCode: 1 } });`,
      'SHARD_CORRUPT',
      /^m$/,
    ],
    [
      'sends an error without a code',
      `parentPort.postMessage({ kind: 'error', error: { code: null, message: 'm', exitCode: 1 } });`,
      'STREAM_FAILED',
      /the reading thread failed: m/,
    ],
  ])('%s', async (name, program, code, message) => {
    const stream = threadOf(name.replaceAll(' ', '-'), program);
    const calls = [stream.next(), stream.next()].map(failureOf);
    for (const failure of await Promise.all(calls))
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await failureOf(stream.next())).toMatchObject({ code });
    await stream.close();
  });

  it('sends its last batch', async () => {
    const sent = `parentPort.postMessage({ kind: 'batch', batch: { samples: 1 } }); parentPort.postMessage({ kind: 'end' });`;
    const stream = threadOf('last', sent);
    expect(await stream.next()).toEqual({ done: false, value: { samples: 1 } });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('says nothing, once it is closed', async () => {
    const stream = threadOf('silent', 'setInterval(() => {}, 1000);');
    const waiting = stream.next();
    await stream.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});
