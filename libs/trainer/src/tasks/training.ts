import { OrestesError } from '@orestes/contracts';
import {
  stepKey,
  type DeviceState,
  type Engine,
  type HostArrays,
  type Program,
  type ProgramStatistics,
  type Specs,
  type Step,
} from '@orestes/engine';
import type { ParameterSpecs } from '../model/parameters.js';
import { hyper, momentSpecs, stateSharding, type Group } from '../optimizers/group.js';
import { tensorSpecs } from '../pretrain-step.js';
import { batchArrays, evaluationBatches, type Batch, type EncodedExample } from './batches.js';
import {
  evaluationSpecs,
  evaluationStep,
  profileSpecs,
  profileStep,
  trainingSpecs,
  trainingStep,
  type Classifier,
} from './steps.js';

export interface TrainingOptions {
  batchSize: number;
  maxLength: number;
  maxSteps: number;
  warmupSteps: number;
  seed: number;
  precision: 'f32' | 'bf16';
  /** Id of the padding token. */
  padding: number;
  /** Told of each program that was compiled. */
  compiled?: (program: string, statistics: ProgramStatistics) => void;
}

export interface StepReport {
  loss: number;
  gradientNorm: number;
}

interface Purpose {
  step: (classifier: Classifier, group: Group) => Step;
  batch: (classifier: Classifier, group: Group, batchSize: number, length: number) => Specs;
  /** Reads the optimizer's moments. */
  moments: boolean;
}

const PURPOSES = {
  train: { step: trainingStep, batch: trainingSpecs, moments: true },
  evaluate: { step: evaluationStep, batch: evaluationSpecs, moments: false },
  profile: { step: profileStep, batch: profileSpecs, moments: false },
} satisfies Record<string, Purpose>;

/** A classifier on an engine: its parameters and moments, and one program a padded length and purpose. */
export class Training {
  private readonly programs = new Map<string, Program>();
  private readonly parameterSpecs: Specs;
  readonly specs: Specs;
  private state: DeviceState | null = null;

  constructor(
    private readonly engine: Engine,
    private readonly classifier: Classifier,
    private readonly group: Group,
    parameters: ParameterSpecs,
    private readonly options: TrainingOptions,
  ) {
    this.parameterSpecs = tensorSpecs(parameters);
    this.specs = { ...this.parameterSpecs, ...momentSpecs(group, this.parameterSpecs) };
  }

  /** Sets parameters and moments; moments that are not given start at zero. */
  load(arrays: HostArrays): void {
    this.state?.dispose();
    const sizeOf = (name: string) => this.specs[name]!.shape.reduce((a, b) => a * b, 1);
    const entries = Object.keys(this.specs).map(
      (name) => [name, arrays[name] ?? new Float32Array(sizeOf(name))] as const,
    );
    this.state = this.engine.upload(Object.fromEntries(entries), this.specs, stateSharding);
  }

  /** Sets every omega by Admin's profile of one batch. */
  async profile(examples: readonly EncodedExample[], batch: Batch): Promise<void> {
    const program = await this.program('profile', batch.length);
    const { tokens, length } = this.arrays(examples, batch);
    await program.run(this.loaded, { tokens: tokens!, length: length!, key: stepKey(this.options.seed, 0) });
  }

  /**
   * Update t, from 1.
   * @throws OrestesError DIVERGED when the loss or the gradient is not finite
   */
  async step(examples: readonly EncodedExample[], batch: Batch, t: number): Promise<StepReport> {
    const program = await this.program('train', batch.length);
    const { loss, grad_norm } = await program.run(this.loaded, {
      ...this.arrays(examples, batch),
      key: stepKey(this.options.seed, t),
      ...hyper([this.group], this.options, t),
    });
    const report = { loss: loss![0]!, gradientNorm: grad_norm![0]! };
    if (!Number.isFinite(report.loss) || !Number.isFinite(report.gradientNorm))
      throw diverged(`step ${t}: loss ${report.loss}, gradient norm ${report.gradientNorm}`);
    return report;
  }

  /**
   * Outputs [examples, C] in the order of the examples.
   * @throws OrestesError DIVERGED when one is not finite
   */
  async outputs(examples: readonly EncodedExample[]): Promise<Float32Array> {
    const { batchSize, maxLength } = this.options;
    const { outputs: width } = this.classifier;
    const result = new Float32Array(examples.length * width);
    const lengths = examples.map((e) => e.tokens.length);
    for (const batch of evaluationBatches(lengths, batchSize, maxLength)) {
      const program = await this.program('evaluate', batch.length);
      const { tokens, length } = this.arrays(examples, batch);
      const { outputs } = await program.run(this.loaded, { tokens: tokens!, length: length! });
      batch.examples.forEach((number, row) =>
        result.set(outputs!.subarray(row * width, (row + 1) * width), number * width),
      );
    }
    if (!result.every(Number.isFinite)) throw diverged('evaluation: the model gives outputs that are not finite');
    return result;
  }

  /** Parameters and moments on the host. */
  download(): Promise<HostArrays> {
    return this.loaded.download();
  }

  dispose(): void {
    for (const program of this.programs.values()) program.dispose();
    this.state?.dispose();
  }

  private get loaded(): DeviceState {
    if (!this.state) throw new TypeError('load() comes first');
    return this.state;
  }

  private arrays(examples: readonly EncodedExample[], batch: Batch): HostArrays {
    return batchArrays(examples, batch, { ...this.options, scores: this.classifier.scores });
  }

  private async program(purpose: keyof typeof PURPOSES, length: number): Promise<Program> {
    const name = `finetune-${purpose}-${length}`;
    const existing = this.programs.get(name);
    if (existing) return existing;
    const { step, batch, moments }: Purpose = PURPOSES[purpose];
    const inputs = {
      state: moments ? this.specs : this.parameterSpecs,
      batch: batch(this.classifier, this.group, this.options.batchSize, length),
    };
    const { precision } = this.options;
    const program = await this.engine.compile(step(this.classifier, this.group), inputs, {
      name,
      precision,
      stateSharding,
      replicatedBatch: ['key'],
    });
    this.programs.set(name, program);
    this.options.compiled?.(name, program.statistics);
    return program;
  }
}

const diverged = (what: string) =>
  new OrestesError('DIVERGED', `${what} (a smaller spec.optimizer.peakLearningRate or a longer warm-up may help)`);
