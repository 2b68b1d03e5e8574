import { short } from '@orestes/contracts';
import { openCorpus } from '@orestes/corpus';
import { print, printJson, table } from '../output.js';

const SPLITS = ['train', 'validation'] as const;

/** What a corpus holds. Its index is verified here, its shards when they are read. */
export async function corpusInspect(address: string, { json }: { json: boolean }): Promise<void> {
  const { manifest } = await openCorpus(address);
  if (json) return printJson({ address, ...manifest });
  const count = (n: number | null) => (n === null ? '-' : short(n));
  print(`${address}: digest ${manifest.digest}`);
  print(`vocabulary ${manifest.vocabularySize}, sequences of up to ${manifest.sequenceLength ?? 'unknown'} tokens`);
  print(
    table(
      ['split', 'sequences', 'tokens', 'documents'],
      SPLITS.map((name) => {
        const { sequences, tokens, documents } = manifest.splits[name];
        return [name, short(sequences), count(tokens), count(documents)];
      }),
    ),
  );
}
