import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MetricRecord } from '@orestes/contracts';
import { orestes, type Ended, type Watched } from './orestes.js';
import { uniform } from './random.js';

/** Documents of 30 to 70 made-up words, the frequent ones first: always the same. */
export function documents(count: number): string[] {
  const next = uniform(20230723);
  const below = (n: number) => Math.floor(next() * n);
  const word = () => Array.from({ length: 2 + below(6) }, () => String.fromCharCode(97 + below(26))).join('');
  const words = Array.from({ length: 300 }, word);
  const sentence = () =>
    Array.from({ length: 30 + below(41) }, () => words[Math.floor(next() * below(300))]!).join(' ');
  return Array.from({ length: count }, sentence);
}

export const corpusSpec = {
  kind: 'corpus',
  name: 'tiny',
  input: ['text.txt'],
  output: 'corpus',
  tokenizer: { train: { vocabularySize: 320 } },
  sequenceLength: 32,
  validationEvery: 20,
};

const encoder = { layers: 1, hidden: 32, heads: 2, ffn: 64, embedding: 32, dropout: 0.1, attentionDropout: 0.1 };

/** Each run has a folder of its own beside the corpus, so that equal runs write equal bytes. */
export const pretrainSpec = {
  kind: 'pretrain',
  name: 'tiny',
  corpus: '../corpus',
  output: 'run',
  recipe: 'decoupled-optim',
  size: 'tiny',
  model: { generator: encoder, discriminator: encoder },
  schedule: { maxSteps: 30, warmupSteps: 5, batchSize: 8, sequenceLength: 32 },
  log: { everySteps: 1 },
  checkpoint: { everySteps: 10 },
  evaluation: { everySteps: 20, batches: 2 },
};

/** Makes the corpus in `folder`/corpus through the command line. */
export async function makeCorpus(folder: string, spec: object = corpusSpec): Promise<Ended> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'text.txt'), `${documents(400).join('\n\n')}\n`);
  await writeFile(join(folder, 'corpus.json'), JSON.stringify(spec));
  return succeeded(await orestes(['run', 'corpus.json'], { cwd: folder }));
}

/** Values put over a spec's, by path: `schedule.maxSteps`. */
export type Settings = Readonly<Record<string, unknown>>;

export interface Run {
  /** Holds the spec and the run's output, `run`. */
  folder: string;
  spec?: object;
  settings?: Settings;
}

/** Runs a spec in its folder with --json, however it ends. */
export async function attempt({ folder, spec = pretrainSpec, settings = {} }: Run, watched?: Watched): Promise<Ended> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'spec.json'), JSON.stringify(spec));
  const set = Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${JSON.stringify(value)}`]);
  return orestes(['run', 'spec.json', '--json', ...set], { ...watched, cwd: folder });
}

/** The same, to its good end. */
export const run = async (what: Run): Promise<Ended> => succeeded(await attempt(what));

function succeeded(ended: Ended): Ended {
  if (ended.code === 0) return ended;
  throw new Error(`orestes ended with ${ended.code ?? ended.signal}:\n${ended.stdout}\n${ended.stderr}`);
}

/** Measures of speed. */
const CLOCK = ['tokens_per_second', 'data_wait'];

/** What a run logged, less what the clock decides. */
export async function metrics(folder: string): Promise<Pick<MetricRecord, 'step' | 'split' | 'values'>[]> {
  const text = await readFile(join(folder, 'run', 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { step, split, values } = MetricRecord.parse(JSON.parse(line));
      const measured = Object.entries(values).filter(([name]) => !CLOCK.includes(name));
      return { step, split, values: Object.fromEntries(measured) };
    });
}

/** One training measure by step, in order. */
export async function curve(folder: string, name: string): Promise<number[]> {
  const training = (await metrics(folder)).filter(({ split }) => split === 'train');
  return training.map(({ values }) => values[name] ?? NaN);
}

/** Every file under a folder, by its relative path. */
export async function files(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = paths.sort().map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** The files of a run's checkpoints, every byte. */
export const checkpoints = (folder: string) => files(join(folder, 'run', 'checkpoints'));
