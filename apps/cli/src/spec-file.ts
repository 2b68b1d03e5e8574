import { createReadStream } from 'node:fs';
import { isRecord, JobSpec, parseDocument, putAt, UserError } from '@orestes/contracts';
import type { z } from 'zod';
import { parseValue } from './spec-text.js';

/** A spec is written by people; a file larger than this is something else. */
const LARGEST_BYTES = 1 << 20;

/**
 * Reads a job spec in YAML or JSON.
 * @param file a path, or `-` for standard input
 * @param settings `path.to.field=value`, each put over what the file says
 * @throws UserError SPEC_UNREADABLE, INVALID_SPEC
 */
export const readSpec = (file: string, settings: readonly string[] = []): Promise<JobSpec> =>
  readSpecAs(JobSpec, file, settings);

/** The same, of any form of spec. */
export async function readSpecAs<S extends z.ZodType>(
  schema: S,
  file: string,
  settings: readonly string[],
): Promise<z.output<S>> {
  const where = file === '-' ? 'standard input' : file;
  const raw = parseValue(await readText(file, where), where);
  if (!isRecord(raw))
    throw new UserError('INVALID_SPEC', `${where}: a spec is an object with a field kind (docs/spec.md lists them)`);
  for (const setting of settings) put(raw, setting);
  return parseDocument(schema, raw, 'spec');
}

async function readText(file: string, where: string): Promise<string> {
  try {
    const bytes = await readBounded(file === '-' ? process.stdin : createReadStream(file), where);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (e) {
    if (e instanceof UserError) throw e;
    throw new UserError('SPEC_UNREADABLE', `${where}: ${whyUnreadable(e)}`, { cause: e });
  }
}

/** Reads no more than is allowed: a device has no end. */
async function readBounded(stream: AsyncIterable<Buffer>, where: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > LARGEST_BYTES)
      throw new UserError('SPEC_UNREADABLE', `${where}: too large for a spec (at most ${LARGEST_BYTES} bytes)`);
  }
  return Buffer.concat(pieces);
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  ENAMETOOLONG: 'no such file: the name is too long',
  EISDIR: 'is a folder, a file is needed',
  EACCES: 'may not be read',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
};

function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code && REASONS[code]) || message;
}

function put(root: Record<string, unknown>, setting: string): void {
  const at = setting.indexOf('=');
  if (at < 1) throw new UserError('INVALID_SPEC', `--set ${setting}: not of the form path.to.field=value`);
  const path = setting.slice(0, at);
  putAt(root, path, parseValue(setting.slice(at + 1), `--set ${path}`));
}
