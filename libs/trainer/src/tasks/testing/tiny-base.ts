import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveCheckpoint, type TensorFile } from '@orestes/checkpoint';
import { FinetuneSpec, sha256, type EncoderConfig } from '@orestes/contracts';
import { threefry, type HostArrays } from '@orestes/engine';
import { openStore } from '@orestes/storage';
import { initialize } from '../../model/initialize.js';
import { encoderParameters } from '../../model/parameters.js';

export const tinyEncoder: EncoderConfig = {
  layers: 1,
  hidden: 8,
  heads: 2,
  ffn: 16,
  embedding: 8,
  relativeBias: { buckets: 8, maxDistance: 16, form: 't5' },
  absolutePositions: null,
  admin: 'none',
  dropout: 0.1,
  attentionDropout: 0.1,
  initializerStd: 0.1,
};

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const WORDS = ['red', 'green', 'blue', 'good', 'bad', 'so', 'and', 'the'];

/** A word-level tokenizer.json. */
export function tinyTokenizer(special: readonly string[] = SPECIAL): string {
  const added = special.map((content, id) => ({ id, content, special: true, ...PLAIN }));
  const vocab = Object.fromEntries([...special, ...WORDS].map((token, id) => [token, id]));
  return JSON.stringify({
    version: '1.0',
    added_tokens: added,
    pre_tokenizer: { type: 'Whitespace' },
    model: { type: 'WordLevel', vocab, unk_token: '[UNK]' },
  });
}
const PLAIN = { single_word: false, lstrip: false, rstrip: false, normalized: false };

export const VOCABULARY = SPECIAL.length + WORDS.length;

const folders: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orestes-finetune-'));
  folders.push(folder);
  return folder;
}

export const removeFolders = () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));

/** Saves a checkpoint of untrained encoders. @returns its run's address */
export async function saveBase(
  encoders: Record<string, EncoderConfig>,
  options: { tokenizerJson?: string; change?: (tensors: TensorFile) => void } = {},
): Promise<string> {
  const address = temporaryFolder();
  const tensors: TensorFile = {};
  for (const [name, config] of Object.entries(encoders)) {
    const parameters = encoderParameters(name, config, VOCABULARY);
    const arrays: HostArrays = initialize(parameters, 77);
    for (const [key, { shape }] of Object.entries(parameters))
      tensors[key] = { shape, dtype: 'float32', data: arrays[key]! };
  }
  options.change?.(tensors);
  const content = {
    step: 5,
    samples: 40,
    recipeHash: sha256('base'),
    spec: {},
    encoders,
    vocabularySize: VOCABULARY,
    tokenizerJson: options.tokenizerJson ?? tinyTokenizer(),
    tensors,
  };
  await saveCheckpoint(openStore(address), content, { keep: 1 });
  return address;
}

const draw = (n: number, below: number) => (threefry([4, 4], [n, 0])[0] >>> 0) % below;

/** Sentences that are good or bad, as TSV with a header: columns `sentence` and `label`. */
export function tinyRows(rows: number, seed: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const words = Array.from({ length: 2 + draw(i + seed, 4) }, (_, j) => WORDS[draw(17 * i + j + seed, 3)]!);
    words.splice(draw(i + seed + 1, words.length), 0, i % 2 ? 'good' : 'bad');
    return `${words.join(' ')}\t${i % 2 ? 'yes' : 'no'}`;
  });
  return ['sentence\tlabel', ...lines, ''].join('\n');
}

/** @returns where files of the given content lie */
export function taskFiles(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** A spec of two epochs on the task `files` holds. */
export function tinyFinetune(checkpoint: string, files: string, changes: Record<string, unknown> = {}): FinetuneSpec {
  return FinetuneSpec.parse({
    kind: 'finetune',
    name: 'tiny',
    output: 'given by the context',
    engine: { name: 'cpu' },
    checkpoint,
    task: {
      name: 'goodness',
      format: 'tsv',
      train: join(files, 'train.tsv'),
      validation: join(files, 'dev.tsv'),
      type: 'classification',
      text: ['sentence'],
      label: 'label',
    },
    optimizer: { peakLearningRate: 0.01 },
    schedule: { epochs: 2, batchSize: 8, maxLength: 16 },
    ...changes,
  });
}
