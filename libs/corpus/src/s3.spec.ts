import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CorpusSpec } from '@orestes/contracts';
import { openStore } from '@orestes/storage';
import { describeSkipped, installVersitygw, startVersitygw, type S3Server } from '@orestes/storage/testing';
import { buildCorpus, openCorpus, type StreamOptions } from './index.js';
import { collect, failureOf, testFolder } from './testing/folder.js';

const folder = testFolder();
const options: StreamOptions = {
  split: 'train',
  seed: 1,
  batchSize: 8,
  sequenceLength: 16,
  masking: { probability: 0.15, mask: 0.8, random: 0.1, keep: 0.1 },
  repeat: false,
  worker: false,
};

function describeS3(binary: string): void {
  describe('a corpus in S3', () => {
    let server: S3Server;
    let at: (key: string) => string;
    beforeAll(async () => {
      server = await startVersitygw(binary);
      Object.assign(process.env, server.environment);
      at = (key) => `s3://${server.bucket}/${key}?endpoint=${encodeURIComponent(server.endpoint)}&region=us-east-1`;
    });
    afterAll(() => server.stop());

    it('is built from text there, and is the one that files give', async () => {
      const text = Array.from({ length: 60 }, (_, d) => `Document ${d} has a few words of its own, ${d * 7919}.`).join(
        '\n\n',
      );
      writeFileSync(join(folder, 'text.txt'), text);
      await openStore(at('in')).put('text.txt', Buffer.from(text));
      const spec = (place: (key: string) => string) =>
        CorpusSpec.parse({
          kind: 'corpus',
          name: 'x',
          output: place('out'),
          input: [place('in/text.txt')],
          tokenizer: { train: { vocabularySize: 300 } },
          sequenceLength: 16,
          shardBytes: 4096,
          compression: 'zstd',
        });
      const local = await buildCorpus(spec((key) => join(folder, key.replace('in/', ''))));
      const remote = await buildCorpus(spec(at));
      expect({ ...remote, input: [] }).toEqual({ ...local, input: [] });
      const batches = await collect((await openCorpus(at('out'))).stream(options));
      expect(batches).toEqual(await collect((await openCorpus(join(folder, 'out'))).stream(options)));
      const again = await buildCorpus({ ...spec(at), tokenizer: { path: at('out/tokenizer.json') } });
      expect(again.digest).toBe(remote.digest);
    });

    it('is named when there is none, or when a shard is gone', async () => {
      expect(await failureOf(openCorpus(at('none')))).toMatchObject({ code: 'CORPUS_MISSING' });
      const index = readFileSync(join(folder, 'out/train/index.json'), 'utf8');
      const shard = /shard\.00000\.mds\.zstd/.exec(index)![0];
      await openStore(at('out')).delete(`train/${shard}`);
      const failure = await failureOf((await openCorpus(at('out'))).stream(options).next());
      expect(failure).toMatchObject({ code: 'SHARD_MISSING', message: expect.stringContaining(shard) });
    });
  });
}

const installed = installVersitygw();
if ('binary' in installed) describeS3(installed.binary);
else describeSkipped('a corpus in S3', installed.reason);
