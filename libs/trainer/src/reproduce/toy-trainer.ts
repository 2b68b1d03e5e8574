import { OrestesError, type ResolvedPretrain } from '@orestes/contracts';
import type { Engine, HostArrays, Program } from '@orestes/engine';
import { assertFinite } from '../divergence.js';
import { heldOut, rowsOf } from '../held-out.js';
import { initialState } from '../initial-state.js';
import { pretrainStep, scalarsOf, type PretrainProgram } from '../pretrain-step.js';
import { trainingStream } from '../training-stream.js';
import { ToyCorpus } from './toy-corpus.js';
import { toySpec, type Design, type Setting } from './toy-models.js';

interface Compiled {
  step: Program;
  evaluation: Program;
}

export type Measures = Record<string, number | null>;

/** Trains toy models. A design is compiled once: learning rates, lambda and random keys are inputs of its step. */
export class ToyTrainer {
  readonly corpus = new ToyCorpus();
  private readonly programs = new Map<Design, Promise<Compiled>>();

  /** @param onStep called after each training step, with its losses */
  constructor(
    private readonly engine: Engine,
    private readonly signal: AbortSignal,
    private readonly onStep: (losses: Record<string, number>) => void = () => undefined,
  ) {}

  /**
   * Trains from random weights to the setting's last step.
   * @returns held-out measures of the models, and their parameters
   * @throws OrestesError DIVERGED, INTERRUPTED
   */
  async train(setting: Setting): Promise<{ measures: Measures; parameters: HostArrays }> {
    const spec = toySpec(setting);
    const program = this.programOf(spec);
    const { step, evaluation } = await this.compiled(setting.design, program);
    const state = await initialState(spec, program, { engine: this.engine, corpus: this.corpus });
    try {
      let t = 0;
      for await (const batch of trainingStream(spec, this.corpus, 0)) {
        this.stopIfAsked();
        const outputs = await step.run(state, { ...rowsOf(batch), ...scalarsOf(spec, program.groups, ++t) });
        assertFinite(outputs, t, `run ${JSON.stringify(setting)}`);
        this.onStep(losses(outputs));
        if (t === spec.schedule.maxSteps) break;
      }
      const measures = await heldOut(spec, this.corpus, evaluation, state);
      return { measures, parameters: await state.download(Object.keys(program.parameters)) };
    } finally {
      state.dispose();
    }
  }

  /**
   * Held-out measures of one model's discriminator against another's generator, frozen.
   * @param parameters `generator/...` and `discriminator/...`, of the decoupled design's shapes
   */
  async measure(setting: Setting, parameters: HostArrays): Promise<Measures> {
    const spec = toySpec(setting);
    const program = this.programOf(spec);
    const { evaluation } = await this.compiled(setting.design, program);
    const state = this.engine.upload(parameters, program.evaluation.state);
    try {
      return await heldOut(spec, this.corpus, evaluation, state);
    } finally {
      state.dispose();
    }
  }

  async dispose(): Promise<void> {
    for (const compiled of this.programs.values()) {
      const { step, evaluation } = await compiled;
      step.dispose();
      evaluation.dispose();
    }
  }

  private programOf(spec: ResolvedPretrain): PretrainProgram {
    const selections = this.corpus.selections(spec.objective.masking, spec.schedule.sequenceLength);
    return pretrainStep(spec, { vocabularySize: this.corpus.vocabularySize, selections });
  }

  private compiled(design: Design, program: PretrainProgram): Promise<Compiled> {
    const known = this.programs.get(design);
    if (known) return known;
    const compiled = this.compile(design, program);
    this.programs.set(design, compiled);
    return compiled;
  }

  private async compile(design: Design, program: PretrainProgram): Promise<Compiled> {
    const step = await this.engine.compile(program.step, program, { name: `toy ${design}` });
    const { evaluation } = program;
    return {
      step,
      evaluation: await this.engine.compile(evaluation.step, evaluation, { name: `toy ${design} evaluation` }),
    };
  }

  private stopIfAsked(): void {
    if (this.signal.aborted)
      throw new OrestesError('INTERRUPTED', 'stopped; finished runs are kept, and the same command goes on from there');
  }
}

const losses = (outputs: HostArrays): Record<string, number> =>
  Object.fromEntries(
    ['mlm_loss', 'rtd_loss'].flatMap((name) => (outputs[name] ? [[name, outputs[name][0]!] as const] : [])),
  );
