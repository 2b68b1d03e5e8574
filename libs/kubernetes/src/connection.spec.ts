import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import { Connection } from './connection.js';
import { FakeClock } from './testing/clock.js';

const folder = mkdtempSync(join(tmpdir(), 'orestes-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  jest.useRealTimers();
});
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const cluster: Cluster = { name: 'c', server: 'https://127.0.0.1:6443/', skipTLSVerify: false };
const configOf = (user: Omit<User, 'name'>, more: Partial<Cluster> = {}) => {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ ...cluster, ...more }, { name: 'u', ...user });
  return config;
};
/** A plugin that prints the file as a token, which has expired by then. */
const plugin = (path: string) => ({
  exec: {
    command: process.execPath,
    args: [
      '-e',
      `const token = require('fs').readFileSync(${JSON.stringify(path)}, 'utf8');
       console.log(JSON.stringify({ status: { token, expirationTimestamp: '2020-01-01T00:00:00Z' } }));`,
    ],
  },
});
const tokenFile = (path: string) => ({ authProvider: { name: 'tokenFile', config: { tokenFile: path } } });

describe('credentials', () => {
  it.each<[string, Omit<User, 'name'>, Record<string, string>]>([
    ['a token', { token: 't' }, { authorization: 'Bearer t' }],
    ['a password', { username: 'a', password: 'b' }, { authorization: 'Basic YTpi' }],
    ['a file', tokenFile(file('once', 'filed\n')), { authorization: 'Bearer filed' }],
    ['a plugin', plugin(file('plugged', 'plugged')), { authorization: 'Bearer plugged' }],
    ['none', {}, {}],
  ])('come from %s', async (_, user, headers) => {
    expect((await new Connection(configOf(user)).credentials()).headers).toEqual(headers);
  });

  it.each([
    ['file', tokenFile, 70_000],
    ['plugin', plugin, 11_000],
  ])('from a %s are renewed, over the same connections', async (name, userOf, afterMs) => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'performance'] });
    const clock = new FakeClock();
    const path = file(`renewed-${name}`, 'old');
    const connection = new Connection(configOf(userOf(path)), clock);
    const old = await connection.credentials();
    file(`renewed-${name}`, 'new');
    await clock.advance(9_000);
    expect(await connection.credentials()).toBe(old);
    await clock.advance(afterMs);
    jest.setSystemTime(Date.now() + afterMs);
    const renewed = await connection.credentials();
    expect(renewed.headers).toEqual({ authorization: 'Bearer new' });
    expect(renewed.agent).toBe(old.agent);
  });

  it('with a new certificate open new connections', async () => {
    const clock = new FakeClock();
    const certFile = file('cert', 'old');
    const connection = new Connection(configOf({ certFile }), clock);
    const old = await connection.credentials();
    file('cert', 'new');
    await clock.advance(11_000);
    expect((await connection.credentials()).agent).not.toBe(old.agent);
  });

  it('that are wanted by many at once are fetched once', async () => {
    const connection = new Connection(configOf(plugin(file('many', 't'))));
    const all = await Promise.all(Array.from({ length: 5 }, () => connection.credentials()));
    expect(new Set(all).size).toBe(1);
  });
});

describe('a kubeconfig that cannot be used', () => {
  it.each<[string, () => KubeConfig, string]>([
    ['names no cluster', () => new KubeConfig(), "kubeconfig: no cluster belongs to the current context 'undefined'"],
    [
      'wants a proxy',
      () => configOf({}, { proxyUrl: 'http://p' }),
      'kubeconfig: cluster c: proxy-url is not supported',
    ],
    ['names a file that is not there', () => configOf({ certFile: '/none' }), 'kubeconfig: ENOENT'],
    ['has a plugin that fails', () => configOf({ exec: { command: 'false' } }), 'kubeconfig: '],
    [
      'has a plugin that is not there',
      () => configOf({ exec: { command: '/none' } }),
      'kubeconfig: spawn /none ENOENT',
    ],
  ])('%s', async (_, config, message) => {
    const connect = async () => new Connection(config()).credentials();
    await expect(connect()).rejects.toMatchObject({
      code: 'KUBERNETES_CONFIG',
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });
});
