import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openStore } from './open.js';
import { describeObjectStore } from './testing/conformance.js';
import { describeSkipped } from './testing/skip.js';
import { installVersitygw, type S3Server, startVersitygw } from './testing/versitygw.js';

const installed = installVersitygw();
const code = (code: string) => expect.objectContaining({ code });

if ('reason' in installed) {
  describeSkipped('s3 driver', installed.reason);
} else {
  let server: S3Server;
  const address = (prefix: string) => `s3://${server.bucket}/${prefix}?endpoint=${server.endpoint}`;

  beforeAll(async () => {
    server = await startVersitygw(installed.binary);
    Object.assign(process.env, server.environment);
  });
  afterAll(() => server.stop());

  describeObjectStore('s3 driver', () => openStore(address('not/made/yet')));

  describe('S3Store', () => {
    it('lists beyond one page of answers, without folder markers', async () => {
      const keys = Array.from({ length: 2345 }, (_, i) => `many/${String(i).padStart(5, '0')}`);
      mkdirSync(join(server.bucketFolder, 'pages/many'), { recursive: true });
      for (const key of keys) writeFileSync(join(server.bucketFolder, 'pages', key), 'x');
      mkdirSync(join(server.bucketFolder, 'pages/many/00000-empty'));
      const listed: string[] = [];
      for await (const { key } of openStore(address('pages')).list('many/')) listed.push(key);
      expect(listed).toEqual(keys);
    });

    it('takes the endpoint from the environment', async () => {
      Object.assign(process.env, { AWS_ENDPOINT_URL: server.endpoint, AWS_REGION: 'us-east-1' });
      const store = openStore(`s3://${server.bucket}/environment`);
      delete process.env['AWS_ENDPOINT_URL'];
      await store.put('a', Buffer.from('x'));
      expect(store.address).toBe(`s3://${server.bucket}/environment`);
      expect(await store.head('a')).toEqual({ key: 'a', bytes: 1 });
    });

    it('says that a bucket is missing', async () => {
      const store = openStore(`s3://no-such-bucket/x?endpoint=${server.endpoint}`);
      await expect(store.get('a')).rejects.toEqual(code('STORE_MISSING'));
      await expect(store.put('a', Buffer.from('x'))).rejects.toEqual(code('STORE_MISSING'));
      await expect(store.list('')[Symbol.asyncIterator]().next()).rejects.toEqual(code('STORE_MISSING'));
    });

    it.each([
      ['unknown key', { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'hush-hush' }],
      ['wrong secret', { AWS_SECRET_ACCESS_KEY: 'hush-hush' }],
    ])('says that credentials are refused: %s', async (_, wrong) => {
      Object.assign(process.env, wrong);
      const store = openStore(address('denied'));
      const failure: unknown = await store.get('a').catch((error: unknown) => error);
      Object.assign(process.env, server.environment);
      expect(failure).toEqual(code('STORE_DENIED'));
      expect(String(failure)).not.toContain('hush-hush');
    });

    it('says that a key may not be both object and folder here', async () => {
      const store = openStore(address('both'));
      await store.put('p', Buffer.from('x'));
      await expect(store.put('p/q', Buffer.from('x'))).rejects.toEqual(code('INVALID_KEY'));
    });
  });
}
