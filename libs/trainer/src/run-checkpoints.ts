import {
  listCheckpoints,
  readCheckpoint,
  saveCheckpoint,
  type SavedCheckpoint,
  type TensorFile,
  type WholeCheckpoint,
} from '@orestes/checkpoint';
import { OrestesError, UserError, type ResolvedPretrain } from '@orestes/contracts';
import type { DeviceState, HostArrays, Specs } from '@orestes/engine';
import { joinAddress, type ObjectStore } from '@orestes/storage';
import type { PretrainProgram } from './pretrain-step.js';
import { recipeHash } from './recipes/resolve.js';
import type { PretrainCorpus, RunReport } from './train-context.js';

/** Where a run stands: optimizer updates done, sequences consumed. */
export interface Position {
  step: number;
  samples: number;
}

/** The checkpoints of one run: its whole state, bit by bit. */
export class RunCheckpoints {
  private readonly recipeHash: string;

  constructor(
    private readonly store: ObjectStore,
    private readonly spec: ResolvedPretrain,
    private readonly program: PretrainProgram,
    private readonly corpus: PretrainCorpus,
    private readonly report: (report: RunReport) => void,
  ) {
    this.recipeHash = recipeHash(spec, corpus.digest);
  }

  /**
   * The newest whole checkpoint, or null.
   * @throws UserError CHECKPOINT_OTHER_RUN when the output holds a run of another recipe
   */
  async restore(): Promise<(Position & { address: string; arrays: HostArrays }) | null> {
    const latest = await newestCheckpoint(this.store, this.report);
    if (!latest) return null;
    const { step, samples } = latest.manifest;
    const address = joinAddress(this.store.address, latest.key);
    if (latest.manifest.recipeHash !== this.recipeHash)
      throw new UserError(
        'CHECKPOINT_OTHER_RUN',
        `spec.output: ${address} is of a run with another recipe, seed or corpus (hash ${latest.manifest.recipeHash.slice(0, 12)}, this spec's is ${this.recipeHash.slice(0, 12)}); choose another output, or remove it`,
      );
    const { tensors } = await readCheckpoint(this.store, latest.key);
    return { step, samples, address, arrays: arraysOf(tensors, this.program.state, address) };
  }

  async save(position: Position, state: DeviceState): Promise<SavedCheckpoint> {
    const arrays = await state.download();
    const tensors = Object.fromEntries(
      Object.entries(this.program.state).map(([name, spec]) => [name, { ...spec, data: arrays[name]! }]),
    );
    const content = {
      ...position,
      tensors,
      spec: this.spec,
      recipeHash: this.recipeHash,
      encoders: this.program.encoders,
      vocabularySize: this.corpus.vocabularySize,
      tokenizerJson: this.corpus.tokenizerJson,
    };
    const saved = await saveCheckpoint(this.store, content, { keep: this.spec.checkpoint.keep });
    this.report({ kind: 'checkpoint', step: position.step, address: saved.address, bytes: saved.bytes });
    return saved;
  }
}

/** The newest checkpoint that is whole, or null. Those that are passed over are told. */
export async function newestCheckpoint(
  store: ObjectStore,
  report: (report: RunReport) => void,
): Promise<WholeCheckpoint | null> {
  for (const checkpoint of await listCheckpoints(store)) {
    if ('manifest' in checkpoint) return checkpoint;
    const { code, message } = checkpoint.problem;
    report({ kind: 'warning', code, message: `passed over: ${message}` });
  }
  return null;
}

/** @throws OrestesError CHECKPOINT_ARCHITECTURE naming the first tensor that does not fit */
export function arraysOf(tensors: TensorFile, specs: Specs, where: string): HostArrays {
  const entries = Object.entries(specs).map(([name, spec]) => {
    const found = tensors[name];
    const text = (t: Specs[string] | undefined) => (t ? `${t.dtype} [${t.shape.join(', ')}]` : 'missing');
    if (text(found) !== text(spec))
      throw new OrestesError('CHECKPOINT_ARCHITECTURE', `${where}: ${name} is ${text(found)} (needed: ${text(spec)})`);
    return [name, found!.data] as const;
  });
  return Object.fromEntries(entries);
}
