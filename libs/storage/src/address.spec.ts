import { describe, expect, it } from '@jest/globals';
import { UserError } from '@orestes/contracts';
import { joinAddress, parseAddress } from './address.js';
import { storageEnvironment } from './config.js';
import { openStore } from './open.js';
import { S3Store } from './s3.js';

function refusalOf(address: string): UserError {
  try {
    openStore(address);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`${address} was accepted`);
}

describe('parseAddress', () => {
  it.each([
    ['/data/run', { scheme: 'file', path: '/data/run' }],
    ['/data/../run//x/', { scheme: 'file', path: '/run/x' }],
    ['run', { scheme: 'file', path: `${process.cwd()}/run` }],
    ['file:///data/a%20b', { scheme: 'file', path: '/data/a b' }],
    ['s3://bucket', { scheme: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://bucket/a/b c%20/', { scheme: 's3', bucket: 'bucket', prefix: 'a/b c%20' }],
    [
      's3://bucket/a?endpoint=http://127.0.0.1:7070&region=eu-1',
      { scheme: 's3', bucket: 'bucket', prefix: 'a', endpoint: 'http://127.0.0.1:7070', region: 'eu-1' },
    ],
  ])('reads %s', (address, expected) => expect(parseAddress(address)).toEqual(expected));

  it.each([
    ['gs://bucket/x', 'gs:// is not supported'],
    ['http://host/x', 'http:// is not supported'],
    ['', 'is not a path'],
    ['a\0b', 'is not a path'],
    ['s3:bucket/x', 'two slashes are missing'],
    ['file:/x', 'two slashes are missing'],
    ['file://host/x', 'file:'],
    ['file:///x?y', 'no query'],
    ['s3://', `"" is not a bucket's name`],
    ['s3://Bucket/x', `"Bucket" is not a bucket's name`],
    ['s3://bucket//x', 'empty segment'],
    ['s3://bucket/../x', 'segment ".."'],
    ['s3://bucket/x?zone=1', 'unknown parameter zone'],
    ['s3://bucket/x?endpoint=ftp://h', 'endpoint ftp://h is not http(s)://host:port'],
    ['s3://bucket/x?endpoint=http://h:80/path', 'endpoint http://h is not http(s)://host:port'],
    ['s3://bucket/x?endpoint=nonsense', 's3://bucket/x?...: endpoint is not http(s)://host:port'],
  ])('refuses %j', (address, why) => {
    const refusal = refusalOf(address);
    expect(refusal).toMatchObject({ code: 'ADDRESS_INVALID', exitCode: 2 });
    expect(refusal.message).toContain(why);
    expect(refusal.message).toContain('allowed: a path, file:');
  });

  it.each([
    's3://key:hush@bucket/x',
    's3://key:hush/hush@bucket/x',
    's3://key:hush?hush@bucket/x',
    's3://key%3Ahush%40bucket/x',
    's3:key:hush@bucket/x',
    's3:/key:hush/hush@bucket',
    's3://bucket/../hush@x',
    's3://Bad_Bucket/x?endpoint=http://key:hush@host',
    's3://Bad_Bucket/x?secret=hush',
    's3://bucket//x?endpoint=http%3A%2F%2Fkey%3Ahush%40host',
    's3://bucket/x?endpoint=http://key:hush@host',
    's3://bucket/x?endpoint=http://key:hush@host&zone=1',
    's3://bucket/x?endpoint=http://key: hush@ho st',
    's3://bucket/x?endpoint=http://key:hush/hush@host',
    's3://bucket/x?endpoint=key:hush@host',
    's3://bucket/x?endpoint=http://host/?token=hush',
    's3://bucket/x?zone=hush',
    's3://bucket/x?key:hush@host',
    'gs://key:hush@bucket',
    'gs://key:hush/hush@bucket/x?token=hush',
    'https://host/x?token=hush#hush',
    'file:///x?endpoint=http://k:hush@h',
    'file:///x#http://k:hush@h',
    'file://k:hush@h/x',
    'file://k:hush/x',
  ])('does not repeat credentials: %s', (address) => {
    expect(refusalOf(address).code).toBe('ADDRESS_INVALID');
    expect(refusalOf(address).message).not.toContain('hush');
  });

  it('does not repeat those of an endpoint in the environment', () => {
    const environment = { endpoint: 'http://key:hush@host', region: undefined };
    const place = { scheme: 's3', bucket: 'bucket', prefix: '', endpoint: undefined, region: undefined } as const;
    expect(() => new S3Store(place, environment)).toThrow(/^AWS_ENDPOINT_URL: the endpoint has credentials in it/);
  });
});

describe('joinAddress', () => {
  it.each([
    ['/data', 'a/b', '/data/a/b'],
    ['file:///data/', 'a', '/data/a'],
    ['s3://bucket', 'a/b', 's3://bucket/a/b'],
    ['s3://bucket/x/?region=r', 'a', 's3://bucket/x/a?region=r'],
    ['s3://bucket/x?endpoint=http://h:1', 'a', 's3://bucket/x/a?endpoint=http%3A%2F%2Fh%3A1'],
  ])('%s + %s', (address, key, joined) => {
    expect(joinAddress(address, key)).toBe(joined);
    expect(parseAddress(joined)).toEqual(parseAddress(joinAddress(joined, '')));
  });
});

describe('storageEnvironment', () => {
  it.each([
    [{}, undefined, undefined],
    [{ AWS_ENDPOINT_URL: 'http://a', AWS_REGION: 'r', AWS_DEFAULT_REGION: 'd' }, 'http://a', 'r'],
    [{ AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'http://b', AWS_DEFAULT_REGION: 'd' }, 'http://b', 'd'],
    [{ AWS_ENDPOINT_URL: '', AWS_REGION: '' }, undefined, undefined],
  ])('reads %j', (env, endpoint, region) => expect(storageEnvironment(env)).toEqual({ endpoint, region }));
});
