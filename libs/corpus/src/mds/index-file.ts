import { OrestesError } from '@orestes/contracts';
import { z } from 'zod';

/** index.json of MosaicML Streaming, version 2. Sizes in bytes; hashes by algorithm, hexadecimal. */

/** A plain file name: nothing that leads out of the folder. */
const Basename = z.string().refine((name) => /^[^/\\\0]+$/.test(name) && name !== '.' && name !== '..', {
  message: 'is not a plain file name',
});

const FileEntry = z.looseObject({
  basename: Basename,
  bytes: z
    .int()
    .min(0)
    .max(2 ** 32),
  hashes: z.record(z.string(), z.string()),
});

const ShardEntry = z.looseObject({
  version: z.literal(2),
  format: z.literal('mds'),
  samples: z
    .int()
    .min(0)
    .max(2 ** 32),
  column_names: z.array(z.string()),
  column_encodings: z.array(z.string()),
  column_sizes: z.array(z.int().min(0).nullable()),
  compression: z.string().nullable(),
  hashes: z.array(z.string()),
  size_limit: z.int().nullable(),
  raw_data: FileEntry,
  zip_data: FileEntry.nullable(),
});

const MdsIndex = z.looseObject({ version: z.literal(2), shards: z.array(ShardEntry) });

export type FileEntry = z.infer<typeof FileEntry>;
export type ShardEntry = z.infer<typeof ShardEntry>;

/**
 * Reads an index.json.
 * @param where its address, for messages
 * @throws OrestesError CORPUS_INVALID
 */
export function parseIndex(content: Uint8Array, where: string): ShardEntry[] {
  try {
    return MdsIndex.parse(JSON.parse(Buffer.from(content).toString('utf8'))).shards;
  } catch (error) {
    throw new OrestesError('CORPUS_INVALID', `${where}: is not an MDS index of version 2: ${explain(error)}`, 1, {
      cause: error,
    });
  }
}

function explain(error: unknown): string {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0]!;
    return `${issue.path.join('.')}: ${issue.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** JSON as Python's json.dumps(value, sort_keys=True) writes it: what is hashed must be the same bytes. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${pythonJson(k)}: ${pythonJson(v)}`).join(', ')}}`;
  }
  if (typeof value !== 'string') return JSON.stringify(value);
  const hex = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, hex);
}
