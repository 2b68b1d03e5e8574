export { formatS3, joinAddress, parseAddress, type StoreAddress } from './address.js';
export { FileStore } from './file.js';
export { checkKey } from './keys.js';
export { openStore } from './open.js';
export { S3Store, type S3Timing } from './s3.js';
export type { ObjectEntry, ObjectStore } from './store.js';
