import type { CorpusManifest } from '@orestes/contracts';
import { type Passage, readDocuments, type TextSource } from '../text/index.js';

export type ReadFile = CorpusManifest['input'][number];

/** Passages are handed on in groups of about so many UTF-16 units. */
const GROUP_UNITS = 1 << 20;

/**
 * Reads files one after the other and hands on their passages, with documents counted over all files.
 * @param report called with stored bytes as they are read
 * @param take is awaited before more is read
 * @returns the files with their hashes
 */
export async function readPassages(
  sources: readonly TextSource[],
  report: (bytes: number) => void,
  take: (passages: readonly Passage[]) => Promise<void> | void,
): Promise<ReadFile[]> {
  const files: ReadFile[] = [];
  let group: Passage[] = [];
  let units = 0;
  let first = 0;
  const hand = async () => {
    await take(group);
    group = [];
    units = 0;
  };
  for (const source of sources) {
    let next = first;
    let hash = '';
    for await (const passages of readDocuments(source, report, (sha256) => (hash = sha256)))
      for (const { text, document } of passages) {
        group.push({ text, document: first + document });
        next = first + document + 1;
        // Short passages count too: each is an object of its own.
        units += text.length + 64;
        if (units >= GROUP_UNITS) await hand();
      }
    files.push({ address: source.address, bytes: source.bytes, sha256: hash });
    first = next;
  }
  if (group.length) await hand();
  return files;
}
