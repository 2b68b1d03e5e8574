import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { OrestesError } from '@orestes/contracts';
import { checkEndpoint, formatS3, type S3Address } from './address.js';
import type { StorageEnvironment } from './config.js';
import { checkKey, checkPrefix } from './keys.js';
import { download, type DownloadTiming, type Request } from './s3-download.js';
import { s3Error, statusOf } from './s3-errors.js';
import { checkRange, type ObjectEntry, type ObjectStore, tooShort } from './store.js';

export interface S3Timing extends DownloadTiming {
  connectMs: number;
  /** A request that is not answered for this long fails and is retried by the SDK. */
  responseMs: number;
  /** Tries of one request, by the SDK, with its exponential backoff. */
  requestAttempts: number;
}

/** Larger objects are uploaded in parts of this size. */
const PART_BYTES = 16 << 20;
const PARALLEL_PARTS = 4;
/** Metadata that tells one write from another, so that a lost reply can be told from a failure. */
const WRITE_ID = 'orestes-write';

const TIMING: S3Timing = {
  connectMs: 5_000,
  responseMs: 120_000,
  idleMs: 30_000,
  minimumBytesPerSecond: 16_384,
  requestAttempts: 5,
  attempts: 6,
  backoffMs: 250,
};

/** Objects under a prefix of an S3 bucket. Uploads carry SHA-256 checksums; every wait has an end. */
export class S3Store implements ObjectStore {
  readonly address: string;
  private readonly client: S3Client;
  private readonly timing: S3Timing;

  constructor(
    private readonly place: S3Address,
    environment: StorageEnvironment,
    timing: Partial<S3Timing> = {},
  ) {
    this.address = formatS3(place);
    this.timing = { ...TIMING, ...timing };
    this.client = createClient(place, environment, this.timing);
  }

  async get(key: string): Promise<Uint8Array> {
    return this.read(key, undefined);
  }

  async getRange(key: string, start: number, end: number): Promise<Uint8Array> {
    checkRange(key, start, end);
    if (start < end) return this.read(key, [start, end]);
    const found = await this.head(key);
    if (found === null) throw new OrestesError('OBJECT_MISSING', `${this.where(key)}: there is no such object`);
    if (found.bytes < end) throw tooShort(this.where(key), end, found.bytes);
    return new Uint8Array(0);
  }

  async put(key: string, content: Uint8Array): Promise<void> {
    const id = randomUUID();
    const upload = {
      ...this.object(key),
      Body: content,
      Metadata: { [WRITE_ID]: id },
      ChecksumAlgorithm: 'SHA256',
    } as const;
    try {
      await this.send(upload, content.byteLength);
    } catch (error) {
      // The write may have happened although its reply was lost: then a repetition finds no upload.
      if (isAmbiguous(error) && (await this.isWritten(key, id, content.byteLength))) return;
      throw s3Error(error, this.where(key), content.byteLength);
    }
  }

  async head(key: string): Promise<ObjectEntry | null> {
    try {
      const { ContentLength } = await this.client.send(new HeadObjectCommand(this.object(key)));
      return { key, bytes: ContentLength ?? 0 };
    } catch (error) {
      const typed = s3Error(error, this.where(key));
      if (typed.code === 'OBJECT_MISSING') return null;
      throw typed;
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectEntry> {
    checkPrefix(prefix);
    const root = this.place.prefix && `${this.place.prefix}/`;
    for (let token: string | undefined; ;) {
      const input = { Bucket: this.place.bucket, Prefix: root + prefix, ContinuationToken: token };
      const page = await this.client.send(new ListObjectsV2Command(input)).catch((error: unknown) => {
        throw s3Error(error, this.where(prefix));
      });
      for (const { Key, Size } of page.Contents ?? []) {
        // Other tools mark folders by empty objects whose key ends in a slash.
        if (Key && !Key.endsWith('/')) yield { key: Key.slice(root.length), bytes: Size ?? 0 };
      }
      token = page.NextContinuationToken;
      if (!page.IsTruncated || token === undefined) return;
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await this.client.send(new DeleteObjectCommand(this.object(key)));
    } catch (error) {
      const typed = s3Error(error, this.where(key));
      if (typed.code !== 'OBJECT_MISSING') throw typed;
    }
  }

  private async read(key: string, range: [number, number] | undefined): Promise<Uint8Array> {
    const object = this.object(key);
    const request: Request = (part, ifMatch, abortSignal) =>
      this.client.send(
        new GetObjectCommand({
          ...object,
          IfMatch: ifMatch,
          // The checksum is the whole object's: of no use to a part.
          ...(part ? { Range: `bytes=${part[0]}-${part[1] - 1}` } : { ChecksumMode: 'ENABLED' }),
        }),
        { abortSignal },
      );
    try {
      return await download(request, range, this.where(key), this.timing);
    } catch (error) {
      if (range && statusOf(error) === 416) throw await this.beyondEnd(key, range[1]);
      throw s3Error(error, this.where(key));
    }
  }

  private async beyondEnd(key: string, wanted: number): Promise<OrestesError> {
    const bytes = (await this.head(key))?.bytes ?? 0;
    return tooShort(this.where(key), wanted, bytes);
  }

  private async send(input: PutObjectCommandInput, bytes: number): Promise<void> {
    if (bytes <= PART_BYTES) await this.client.send(new PutObjectCommand(input));
    else
      await new Upload({ client: this.client, params: input, partSize: PART_BYTES, queueSize: PARALLEL_PARTS }).done();
  }

  /** True when the object at `key` is what the write `id` wrote. */
  private async isWritten(key: string, id: string, bytes: number): Promise<boolean> {
    try {
      const found = await this.client.send(new HeadObjectCommand(this.object(key)));
      return found.Metadata?.[WRITE_ID] === id && found.ContentLength === bytes;
    } catch {
      // The write's own error is the one to report.
      return false;
    }
  }

  private object(key: string) {
    checkKey(key);
    return { Bucket: this.place.bucket, Key: [this.place.prefix, key].filter(Boolean).join('/') };
  }

  private where(key: string): string {
    return `s3://${[this.place.bucket, this.place.prefix, key].filter(Boolean).join('/')}`;
  }
}

/** Anything but a clear refusal: no answer, a server's failure, an upload that a first try used up. */
function isAmbiguous(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status >= 500 || status === 404;
}

function createClient(place: S3Address, environment: StorageEnvironment, timing: S3Timing): S3Client {
  const endpoint = place.endpoint ?? (environment.endpoint && checkEndpoint(environment.endpoint, 'AWS_ENDPOINT_URL'));
  // Servers other than AWS rarely resolve bucket names as hosts, and ask for some region only to sign with.
  const region = place.region ?? environment.region ?? (endpoint && 'us-east-1');
  return new S3Client({
    ...(endpoint && { endpoint, forcePathStyle: true }),
    ...(region && { region }),
    maxAttempts: timing.requestAttempts,
    // Checksums of whole objects are asked for by name; those of parts cannot be checked.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: timing.connectMs,
      requestTimeout: timing.responseMs,
      throwOnRequestTimeout: true,
      socketTimeout: timing.idleMs,
    },
  });
}
