import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { UserError } from '@orestes/contracts';
import { keyProblem } from './keys.js';

export interface FileAddress {
  scheme: 'file';
  /** Absolute. */
  path: string;
}

export interface S3Address {
  scheme: 's3';
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
  endpoint: string | undefined;
  region: string | undefined;
}

export type StoreAddress = FileAddress | S3Address;

const ALLOWED = 'allowed: a path, file:///path, s3://bucket/prefix?endpoint=https://host:port&region=name';
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const QUERY = ['endpoint', 'region'];

/**
 * Reads the address of a store. Relative paths are taken from the current directory.
 * @throws UserError ADDRESS_INVALID saying what is allowed; an address with credentials in it is not repeated
 */
export function parseAddress(address: string): StoreAddress {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(address)?.[1]?.toLowerCase();
  if (scheme === 's3') return parseS3(address);
  if (scheme === 'file') return { scheme, path: parseFileUrl(address) };
  if (scheme !== undefined) throw invalid(address, `${scheme}:// is not supported`);
  if (/^(s3|file):/i.test(address)) throw invalid(address, 'two slashes are missing after the colon');
  if (address === '' || address.includes('\0')) throw invalid(JSON.stringify(address), 'is not a path');
  return { scheme: 'file', path: resolve(address) };
}

/** The address of what lies under `key` in the store at `address`. */
export function joinAddress(address: string, key: string): string {
  const parsed = parseAddress(address);
  if (parsed.scheme === 'file') return join(parsed.path, key);
  return formatS3({ ...parsed, prefix: [parsed.prefix, key].filter(Boolean).join('/') });
}

/** The canonical form of an S3 address; never holds credentials. */
export function formatS3({ bucket, prefix, endpoint, region }: S3Address): string {
  const given = Object.entries({ endpoint, region }).filter((e): e is [string, string] => e[1] !== undefined);
  const query = new URLSearchParams(given).toString();
  return `s3://${bucket}${prefix && `/${prefix}`}${query && `?${query}`}`;
}

/** @throws UserError ADDRESS_INVALID when the endpoint is not a plain http(s) origin */
export function checkEndpoint(endpoint: string, from: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url?.username || url?.password)
    throw invalid(from, 'the endpoint has credentials in it: give them by AWS_ACCESS_KEY_ID and the like');
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.pathname + url.search + url.hash !== '/')
    // What is no URL may hold anything, a query too: neither is repeated.
    throw invalid(from, `endpoint ${url?.host ? `${url.protocol}//${url.host} ` : ''}is not http(s)://host:port`);
  return url.origin;
}

function parseS3(address: string): S3Address {
  const [path = '', query = ''] = split(address.slice('s3://'.length), '?');
  const [bucket = '', rest = ''] = split(path, '/');
  if (/[:@]|%3a|%40/i.test(bucket))
    throw invalid(address, 'credentials do not belong in an address: give them by AWS_ACCESS_KEY_ID and the like');
  if (!BUCKET.test(bucket))
    throw invalid(address, `${JSON.stringify(bucket)} is not a bucket's name (3 to 63 of a-z, 0-9, - and .)`);
  const prefix = rest.replace(/\/$/, '');
  const wrong = prefix === '' ? null : keyProblem(prefix);
  if (wrong) throw invalid(address, `the prefix ${wrong}`);
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].find((name) => !QUERY.includes(name));
  if (unknown !== undefined)
    throw invalid(address, /^\w+$/.test(unknown) ? `unknown parameter ${unknown}` : 'unknown parameter');
  const endpoint = parameters.get('endpoint') ?? undefined;
  return {
    scheme: 's3',
    bucket,
    prefix,
    endpoint: endpoint === undefined ? undefined : checkEndpoint(endpoint, address),
    region: parameters.get('region') || undefined,
  };
}

function parseFileUrl(address: string): string {
  try {
    const url = new URL(address);
    const path = fileURLToPath(url);
    if (url.search === '' && url.hash === '' && isAbsolute(path) && !path.includes('\0')) return resolve(path);
  } catch (error) {
    throw invalid(address, types.isNativeError(error) ? error.message : String(error));
  }
  throw invalid(address, 'a file address has no query and no fragment');
}

/** The parts before and after the first separator. */
function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** An address as a message may show it: without its query, and without user information, however it is spelt. */
const shown = (address: string) =>
  address
    .replace(/[?#].*/s, '?...')
    .replace(/^([a-z][a-z0-9+.-]*:\/*)(?:.*(@|%(?:25)*40)|[^/]*(?::|%(?:25)*3a)[^/]*)/is, '$1***$2');

/** @param why may repeat nothing of the address that could be a secret */
const invalid = (address: string, why: string) =>
  new UserError('ADDRESS_INVALID', `${shown(address)}: ${why} (${ALLOWED})`);
