import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { operatorConfig } from './config.js';

let folder: string;
const FILE = {
  ...{ namespace: 'train', api: 'http://api:7350' },
  pods: { images: { cpu: 'worker-cpu:1', cuda: 'worker-cuda:1' } },
};

function environment(document: unknown): NodeJS.ProcessEnv {
  const file = path.join(folder, 'operator.yaml');
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document)); // JSON is YAML
  return { ORESTES_OPERATOR_CONFIG: file, ORESTES_TOKEN_FILE: '/var/run/orestes/token' };
}

describe("the operator's configuration", () => {
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'orestes-operator-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('needs the namespace, the API and the images', () => {
    expect(operatorConfig(environment(FILE))).toMatchObject({
      ...{ ...FILE, admission: 'auto', port: 7351 },
      ...{ queues: [{ name: 'default' }], election: { leaseSeconds: 15, renewSeconds: 10, retrySeconds: 2 } },
    });
  });

  it.each([
    ['a field that there is not', { ...FILE, queue: [] }, 'queue: unknown field'],
    [
      'two queues of one name',
      { ...FILE, queues: [{ name: 'a' }, { name: 'a' }] },
      'queues: .*two queues have one name',
    ],
    [
      'a lease that ends before it is renewed',
      { ...FILE, election: { leaseSeconds: 10 } },
      'election: retrySeconds must be less than renewSeconds, and that less than leaseSeconds',
    ],
    ['half a pod', { ...FILE, pods: { ...FILE.pods, graceSeconds: 1.5 } }, 'pods.graceSeconds'],
    [
      'two classes of Kueue from one priority',
      {
        ...FILE,
        kueue: {
          priorityClasses: [
            { from: 1, name: 'a' },
            { from: 1, name: 'b' },
          ],
        },
      },
      'kueue.priorityClasses: .*two classes have one from',
    ],
    [
      'a class that no label can name',
      { ...FILE, kueue: { priorityClasses: [{ from: 1, name: 'a b' }] } },
      'kueue.priorityClasses.*name',
    ],
    ['no YAML', 'namespace: [', "ORESTES_OPERATOR_CONFIG: .* can't be read"],
  ])('%s is refused, by its name', (_, document, why) => {
    expect(() => operatorConfig(environment(document))).toThrow(new RegExp(why));
  });

  it.each([
    ['0', 0],
    ['65535', 65_535],
    ['', 7351],
  ])('takes ORESTES_PORT=%s', (text, port) => {
    expect(operatorConfig({ ...environment(FILE), ORESTES_PORT: text })).toMatchObject({ port });
  });

  it.each(['metrics', '-1', '65536', '7351.5', '0x10', 'tcp://10.0.0.1:7351'])('refuses ORESTES_PORT=%s', (text) => {
    expect(() => operatorConfig({ ...environment(FILE), ORESTES_PORT: text })).toThrow(
      `ORESTES_PORT: ${text} is not allowed (allowed: a whole number from 0 to 65535)`,
    );
  });

  it('is refused before anything begins: one message, exit code 2', () => {
    const program = path.resolve('apps/operator/dist/main.js');
    for (const [env, message] of [
      [{}, 'operator: USAGE: ORESTES_OPERATOR_CONFIG: missing\n'],
      [environment({ ...FILE, queue: [] }), /^operator: INVALID_SPEC: .*operator\.yaml\.queue: unknown field\n$/],
    ] as const) {
      const { status, stderr } = spawnSync(process.execPath, [program], { env, encoding: 'utf8' });
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('    at ');
      expect(status).toBe(2);
    }
  });
});
