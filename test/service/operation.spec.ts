import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, startTestService } from '../support/service.js';
import { startKeyedService, type KeyedService } from './keyed-service.js';

let keyed: KeyedService;
beforeAll(async () => {
  keyed = await startKeyedService();
});
afterAll(() => keyed?.stop());

describe('versions', () => {
  it('/v1 is the same', async () => {
    expect((await keyed.as(keyed.mine, `/v1/jobs/${keyed.job}`)).body).toEqual(
      (await keyed.as(keyed.mine, `/jobs/${keyed.job}`)).body,
    );
    const { headers } = await keyed.as(keyed.mine, `/jobs/${keyed.job}`);
    // With a condition fetch would say no-cache of its own.
    const condition = { 'if-none-match': headers.get('etag')!, 'cache-control': 'max-age=0', pragma: 'none' };
    expect((await keyed.as(keyed.mine, `/v1/jobs/${keyed.job}`, { headers: condition })).status).toBe(304);
  });
});

describe('operation', () => {
  it('tells Prometheus of requests and jobs', async () => {
    const { body, headers } = await ask(`${keyed.service.url}/metrics`);
    expect(headers.get('content-type')).toContain('text/plain');
    for (const name of [
      'orestes_http_request_seconds_bucket',
      'orestes_jobs',
      'orestes_slots 0',
      'process_resident_memory_bytes',
    ])
      expect(body).toContain(name);
  });

  it('serves pages and documentation', async () => {
    for (const path of ['/', '/docs']) {
      const { status, headers } = await ask(keyed.service.url + path);
      expect({ path, status, type: headers.get('content-type') }).toMatchObject({
        path,
        status: 200,
        type: expect.stringContaining('text/html') as unknown,
      });
    }
  });

  it('limits the rate by key', async () => {
    const slow = await startTestService({
      environment: { DATABASE_URL: await keyed.postgres.database(), ORESTES_RATE_LIMIT: '5', ORESTES_SLOTS: '0' },
    });
    try {
      const statuses: number[] = [];
      for (let i = 0; i < 7; i++) statuses.push((await ask(`${slow.url}/jobs`)).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
      const refused = await ask(`${slow.url}/jobs`);
      expect(refused.body).toMatchObject({ code: 'RATE_LIMITED' });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await ask(`${slow.url}/healthz`)).status).toBe(200);
    } finally {
      await slow.stop();
    }
  });
});
