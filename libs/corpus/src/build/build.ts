import {
  OrestesError,
  UserError,
  type CorpusManifest as Manifest,
  type CorpusSpec,
  type CorpusSplit,
} from '@orestes/contracts';
import { openStore, type ObjectStore } from '@orestes/storage';
import { corpusDigest, INDEX, MANIFEST, splitPrefix, TOKENIZER, type Split } from '../layout.js';
import { MdsWriter } from '../mds/writer.js';
import { checkFormat, TextSource } from '../text/index.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { obtainTokenizer } from './obtain-tokenizer.js';
import { Packer } from './packer.js';
import { readPassages, type ReadFile } from './read-passages.js';

/** How far a build is. Bytes are of the files as stored. */
export interface BuildProgress {
  phase: 'tokenizer' | 'shards';
  bytesRead: number;
  bytesTotal: number;
  documents: number;
  sequences: number;
  tokens: number;
}

export interface BuildOptions {
  /** Aborted: the build stops with INTERRUPTED; without corpus.json nothing counts as written. */
  signal?: AbortSignal;
}

/**
 * Text -> tokens -> packed sequences -> MDS shards, in the store at spec.output: train/ and validation/ (index.json and
 * shards), tokenizer.json and, last, corpus.json. Every `validationEvery`-th document goes to the validation split. The
 * same spec and text give the same bytes. A corpus that was there before is replaced: it goes when the first shard of the
 * new one is about to be written, and not before all text was read once.
 * @throws UserError INPUT_*, TEXT_*, JSONL_INVALID, TOKENIZER_*, CORPUS_EMPTY; OrestesError INTERRUPTED and the store's
 */
export async function buildCorpus(
  spec: CorpusSpec,
  onProgress: (progress: BuildProgress) => void = () => {},
  { signal }: BuildOptions = {},
): Promise<Manifest> {
  spec.input.forEach(checkFormat);
  const sources = await TextSource.openAll(spec.input);
  const bytesTotal = sources.reduce((sum, source) => sum + source.bytes, 0);
  const progress: BuildProgress = {
    phase: 'tokenizer',
    bytesRead: 0,
    bytesTotal,
    documents: 0,
    sequences: 0,
    tokens: 0,
  };
  const report = (bytes: number) => {
    if (signal?.aborted)
      throw new OrestesError('INTERRUPTED', `corpus ${spec.name}: stopped; run it again to build it`);
    progress.bytesRead += bytes;
    onProgress({ ...progress });
  };
  const tokenizer = await obtainTokenizer(spec, sources, report);
  const store = openStore(spec.output);
  // Training a tokenizer has read all text. Else text that turns out bad must not cost the corpus that is there.
  const replaces = await store.head(`${splitPrefix('train')}${INDEX}`);
  if ('path' in spec.tokenizer && replaces) await readPassages(sources, report, () => {});
  Object.assign(progress, { phase: 'shards', bytesRead: 0 });
  const build = new ShardBuild(spec, tokenizer, store, progress);
  try {
    const input = await readPassages(sources, report, (passages) => build.add(passages));
    const manifest = await build.finish(input);
    onProgress({ ...progress });
    return manifest;
  } catch (error) {
    // A full disk should not stay full of shards that nobody can use; what cannot be removed now, the next build removes.
    await build.takeBack().catch(() => undefined);
    throw error;
  }
}

/** Takes back what a build committed, then its files: no reader may see half of each. */
async function clear(store: ObjectStore): Promise<void> {
  await store.delete(MANIFEST);
  for (const split of ['train', 'validation'] as const)
    for await (const { key } of store.list(splitPrefix(split)))
      if (/^(index\.json|shard\.\d{5,}\.mds(\.zstd)?)$/.test(key.slice(splitPrefix(split).length)))
        await store.delete(key);
}

/** The second half of a build: passages in, shards out. */
class ShardBuild {
  private readonly writers: Record<Split, MdsWriter>;
  private readonly sizes: Record<Split, { sequences: number; tokens: number; documents: number }>;
  private readonly packer: Packer;
  /** Sequences that are packed and not with their writer yet. */
  private readonly packed: { split: Split; sequence: Uint32Array }[] = [];
  private document = -1;
  private tokensOfDocument = 0;
  private sequencesOfDocument = 0;
  private emptyDocuments = 0;
  /** What was there before is gone. */
  private begun = false;
  private wroteTokenizer = false;

  constructor(
    private readonly spec: CorpusSpec,
    private readonly tokenizer: Tokenizer,
    private readonly store: ObjectStore,
    private readonly progress: BuildProgress,
  ) {
    const dtype = tokenizer.vocabularySize <= 1 << 16 ? 'uint16' : 'uint32';
    const { compression, shardBytes } = spec;
    const perSplit = <T>(make: (split: Split) => T) => ({ train: make('train'), validation: make('validation') });
    this.writers = perSplit((split) => new MdsWriter(store, splitPrefix(split), { dtype, compression, shardBytes }));
    this.sizes = perSplit(() => ({ sequences: 0, tokens: 0, documents: 0 }));
    this.packer = new Packer(spec.sequenceLength, tokenizer.special, (sequence) => this.take(sequence));
  }

  async add(passages: readonly { text: string; document: number }[]): Promise<void> {
    const ids = await this.tokenizer.encode(passages.map((p) => p.text));
    passages.forEach(({ document }, i) => {
      if (document !== this.document) this.endDocument();
      this.document = document;
      this.tokensOfDocument += ids[i]!.length;
      this.packer.add(ids[i]!);
    });
    await this.write();
  }

  async finish(input: ReadFile[]): Promise<Manifest> {
    this.endDocument();
    await this.write();
    const { train, validation } = this.sizes;
    if (train.sequences === 0)
      throw new UserError(
        'CORPUS_EMPTY',
        `corpus ${this.spec.name}: the input holds no document of two tokens or more`,
      );
    await this.begin();
    // train/index.json is the last but one: who finds it, and no corpus.json, still finds a whole corpus.
    await this.writers.validation.finish();
    await this.writers.train.flush();
    await this.putTokenizer();
    await this.writers.train.finish();
    return await this.commit({ train, validation }, input);
  }

  /** Removes what this build wrote. What was there before is left alone where nothing was written yet. */
  async takeBack(): Promise<void> {
    if (!this.begun) return;
    await clear(this.store);
    if (this.wroteTokenizer) await this.store.delete(TOKENIZER);
  }

  /** Makes room, just before the first object is written: till then the build can fail at no cost. */
  private async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    await clear(this.store);
  }

  /** The same file may lie there already, as spec.tokenizer.path itself: it is not this build's to take back. */
  private async putTokenizer(): Promise<void> {
    const { store, tokenizer } = this;
    if ((await store.head(TOKENIZER)) && Buffer.compare(await store.get(TOKENIZER), tokenizer.json) === 0) return;
    this.wroteTokenizer = true;
    await store.put(TOKENIZER, tokenizer.json);
  }

  private async commit(splits: Record<Split, CorpusSplit>, input: ReadFile[]): Promise<Manifest> {
    const { spec, tokenizer, store, writers } = this;
    const manifest: Manifest = {
      format: 'orestes.corpus/1',
      sequenceLength: spec.sequenceLength,
      vocabularySize: tokenizer.vocabularySize,
      special: tokenizer.special,
      specialIds: tokenizer.specialIds,
      splits,
      dropped: { shortChunks: this.packer.shortChunks, emptyDocuments: this.emptyDocuments },
      tokenizer: tokenizer.sha256,
      digest: corpusDigest([...writers.train.shards, ...writers.validation.shards]),
      input,
    };
    await store.put(MANIFEST, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
    return manifest;
  }

  private get split(): Split {
    const { validationEvery } = this.spec;
    return this.document % validationEvery === validationEvery - 1 ? 'validation' : 'train';
  }

  private take(sequence: Uint32Array): void {
    this.packed.push({ split: this.split, sequence: sequence.slice() });
    this.sequencesOfDocument++;
    this.progress.sequences++;
    this.progress.tokens += sequence.length;
  }

  private endDocument(): void {
    if (this.document < 0) return;
    this.packer.endDocument();
    if (this.tokensOfDocument === 0) this.emptyDocuments++;
    if (this.sequencesOfDocument > 0) {
      this.sizes[this.split].documents++;
      this.progress.documents++;
    }
    this.tokensOfDocument = 0;
    this.sequencesOfDocument = 0;
  }

  private async write(): Promise<void> {
    for (const { split, sequence } of this.packed) {
      const writer = this.writers[split];
      if (writer.isFull(sequence.length)) {
        await this.begin();
        await writer.flush();
      }
      writer.add(sequence);
      this.sizes[split].sequences++;
      this.sizes[split].tokens += sequence.length;
    }
    this.packed.length = 0;
  }
}
