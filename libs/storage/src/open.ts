import { parseAddress, type StoreAddress } from './address.js';
import { storageEnvironment } from './config.js';
import { FileStore } from './file.js';
import { S3Store } from './s3.js';
import type { ObjectStore } from './store.js';

type Driver<S extends StoreAddress['scheme']> = (address: Extract<StoreAddress, { scheme: S }>) => ObjectStore;

const drivers = {
  file: ({ path }) => new FileStore(path),
  s3: (address) => new S3Store(address, storageEnvironment()),
} satisfies { [S in StoreAddress['scheme']]: Driver<S> };

/**
 * Opens the store at an address: a path, file:///path, or s3://bucket/prefix?endpoint=…&region=…. Endpoint and region come
 * from AWS_ENDPOINT_URL and AWS_REGION where the address has none, credentials from the AWS SDK's usual chain. Nothing
 * is read or made before the first call.
 * @throws UserError ADDRESS_INVALID saying what is allowed
 */
export function openStore(address: string): ObjectStore {
  const parsed = parseAddress(address);
  return parsed.scheme === 'file' ? drivers.file(parsed) : drivers.s3(parsed);
}
