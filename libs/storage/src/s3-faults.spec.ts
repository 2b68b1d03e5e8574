import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type S3Address } from './address.js';
import { S3Store, type S3Timing } from './s3.js';
import { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from './testing/fault-proxy.js';
import { describeSkipped } from './testing/skip.js';
import { installVersitygw, type S3Server, startVersitygw } from './testing/versitygw.js';

const installed = installVersitygw();
const code = (code: string) => expect.objectContaining({ code });

const KB = 1024;
const BYTES = 300 * KB;
const TIMING: S3Timing = {
  connectMs: 500,
  responseMs: 500,
  idleMs: 300,
  minimumBytesPerSecond: 500 * KB,
  requestAttempts: 3,
  attempts: 4,
  backoffMs: 10,
};

const none: Fault = { kind: 'none' };
/** The fault for the first `times` requests that match, none afterwards. */
const first = (times: number, fault: Fault, matches = (request: ProxiedRequest) => request.method === 'GET') => {
  let left = times;
  return (request: ProxiedRequest) => (matches(request) && left-- > 0 ? fault : none);
};
const isWrite = ({ method }: ProxiedRequest) => method === 'PUT';
const isComplete = ({ method, url }: ProxiedRequest) => method === 'POST' && url.includes('uploadId=');

if ('reason' in installed) {
  describeSkipped('s3 driver under faults', installed.reason);
} else {
  let server: S3Server;
  let proxy: FaultProxy;
  let store: S3Store;
  /** Past the proxy. */
  let direct: S3Store;
  const content = randomBytes(BYTES);
  const noEnvironment = { endpoint: undefined, region: undefined };
  const placeAt = (endpoint: string): S3Address => {
    return { scheme: 's3', bucket: server.bucket, prefix: 'faults', endpoint, region: undefined };
  };

  beforeAll(async () => {
    server = await startVersitygw(installed.binary);
    proxy = await startFaultProxy(server.endpoint);
    Object.assign(process.env, server.environment);
    direct = new S3Store(placeAt(server.endpoint), noEnvironment);
    await direct.put('object', content);
  });
  // A client of its own for each test: the SDK retries less after many failures.
  beforeEach(() => {
    store = new S3Store(placeAt(proxy.endpoint), noEnvironment, TIMING);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  describe('reads survive', () => {
    it.each<[string, number, Fault]>([
      ['500', 2, { kind: 'status', status: 500 }],
      ['503', 2, { kind: 'status', status: 503 }],
      ['no connection', 2, { kind: 'refuse' }],
      ['no answer', 2, { kind: 'silence' }],
      ['a lost answer', 2, { kind: 'lostReply' }],
      ['a body cut at once', 3, { kind: 'cut', at: 0 }],
      ['a body cut in the middle', 2, { kind: 'cut', at: 100 * KB }],
      ['a body cut before its last byte', 1, { kind: 'cut', at: BYTES - 1 }],
      ['a body that stalls', 2, { kind: 'stall', at: 100 * KB }],
      ['a body that drips', 1, { kind: 'drip', bytes: 2000 }],
      ['a flipped bit', 3, { kind: 'flip', at: 123_456 }],
    ])('%s (%d times)', async (_, times, fault) => {
      proxy.inject(first(times, fault));
      expect(Buffer.compare(await store.get('object'), content)).toBe(0);
      expect(proxy.seen.length).toBeGreaterThan(times);
    });

    it.each<[string, Fault]>([
      ['503', { kind: 'status', status: 503 }],
      ['a cut body', { kind: 'cut', at: 20 * KB }],
      ['a stalled body', { kind: 'stall', at: 20 * KB }],
    ])('%s, reading a range', async (_, fault) => {
      proxy.inject(first(2, fault));
      expect(Buffer.compare(await store.getRange('object', 1000, 60_000), content.subarray(1000, 60_000))).toBe(0);
    });

    it('a cut body by asking for the rest alone', async () => {
      proxy.inject(first(2, { kind: 'cut', at: 100 * KB }));
      await store.get('object');
      expect(proxy.seen.map((request) => request.range)).toEqual([
        undefined,
        `bytes=${100 * KB}-${BYTES - 1}`,
        `bytes=${200 * KB}-${BYTES - 1}`,
      ]);
    });

    it('many cuts of an object that still makes progress', async () => {
      const large = randomBytes(12 << 20);
      await direct.put('large', large);
      proxy.inject(first(8, { kind: 'cut', at: (1 << 20) + 5 }));
      expect(Buffer.compare(await store.get('large'), large)).toBe(0);
      expect(proxy.seen).toHaveLength(9);
    });

    it('a flipped bit in a body that was cut too', async () => {
      const faults: Fault[] = [
        { kind: 'cut', at: 50 * KB },
        { kind: 'flip', at: 10 },
      ];
      proxy.inject(({ index }) => faults[index] ?? none);
      expect(Buffer.compare(await store.get('object'), content)).toBe(0);
    });

    it('an object that is replaced in the middle, without mixing the two', async () => {
      const next = randomBytes(BYTES);
      await direct.put('replaced', content);
      proxy.inject(first(1, { kind: 'stall', at: 100 * KB }));
      const reading = store.get('replaced');
      while (proxy.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await direct.put('replaced', next);
      expect(Buffer.compare(await reading, next)).toBe(0);
    });

    it('failures while listing', async () => {
      await direct.put('listed/a', content);
      proxy.inject(first(2, { kind: 'status', status: 503 }));
      const keys: string[] = [];
      for await (const { key } of store.list('listed/')) keys.push(key);
      expect(keys).toEqual(['listed/a']);
    });
  });

  describe('reads end with a typed error, not by hanging, when there is no end to', () => {
    it.each<[string, Fault, string]>([
      ['500', { kind: 'status', status: 500 }, 'STORE_UNREACHABLE'],
      ['no connection', { kind: 'refuse' }, 'STORE_UNREACHABLE'],
      ['no answer', { kind: 'silence' }, 'STORE_UNREACHABLE'],
      ['bodies cut at once', { kind: 'cut', at: 0 }, 'STORE_UNREACHABLE'],
      ['bodies cut after 1000 bytes', { kind: 'cut', at: 1000 }, 'STORE_UNREACHABLE'],
      ['bodies that stall', { kind: 'stall', at: 1000 }, 'STORE_UNREACHABLE'],
      ['bodies that drip', { kind: 'drip', bytes: 10 }, 'STORE_UNREACHABLE'],
      ['flipped bits', { kind: 'flip', at: 1000 }, 'OBJECT_CORRUPT'],
    ])(
      '%s',
      async (_, fault, expected) => {
        proxy.inject(() => fault);
        const failure: unknown = await store.get('object').catch((error: unknown) => error);
        expect(failure).toEqual(code(expected));
        expect(String(failure)).toContain(`s3://${server.bucket}/faults/object: `);
      },
      15_000,
    );

    it('nobody listening', async () => {
      const nowhere = new S3Store(placeAt('http://127.0.0.1:9'), noEnvironment, TIMING);
      await expect(nowhere.get('object')).rejects.toEqual(code('STORE_UNREACHABLE'));
      await expect(nowhere.put('object', content)).rejects.toEqual(code('STORE_UNREACHABLE'));
      await expect(nowhere.head('object')).rejects.toEqual(code('STORE_UNREACHABLE'));
    });
  });

  describe('writes', () => {
    const large = randomBytes((16 << 20) + 1000);

    it.each<[string, Uint8Array, Fault, (request: ProxiedRequest) => boolean]>([
      ['503', content, { kind: 'status', status: 503 }, isWrite],
      ['a lost reply', content, { kind: 'lostReply' }, isWrite],
      ['503 on a part', large, { kind: 'status', status: 503 }, isWrite],
      ['a lost reply on a part', large, { kind: 'lostReply' }, isWrite],
      ['a lost reply on CompleteMultipartUpload', large, { kind: 'lostReply' }, isComplete],
    ])('survive %s', async (name, bytes, fault, matches) => {
      const key = `writes/${name}`;
      proxy.inject(first(1, fault, matches));
      // A part of 16 MiB takes a busy machine longer than what is meant here to hang.
      await new S3Store(placeAt(proxy.endpoint), noEnvironment, { ...TIMING, responseMs: 5000, idleMs: 5000 }).put(
        key,
        bytes,
      );
      expect(proxy.seen.filter(matches).length).toBeGreaterThan(1);
      expect(Buffer.compare(await direct.get(key), bytes)).toBe(0);
    });

    it.each<[string, Fault, string]>([
      ['503 for ever', { kind: 'status', status: 503 }, 'STORE_UNREACHABLE'],
      ['507', { kind: 'status', status: 507 }, 'STORE_FULL'],
      ['a bit flipped on the way', { kind: 'flipRequest', at: 5000 }, 'STORE_UNREACHABLE'],
    ])('leave nothing after %s', async (name, fault, expected) => {
      const key = `failed/${name}`;
      proxy.inject((request) => (isWrite(request) ? fault : none));
      await expect(store.put(key, content)).rejects.toEqual(code(expected));
      expect(await direct.head(key)).toBeNull();
    });
  });
}
