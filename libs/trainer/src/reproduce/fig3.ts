import { sha256 } from '@orestes/contracts';
import type { HostArrays } from '@orestes/engine';
import { Countdown } from './countdown.js';
import type { Experiment } from './experiment.js';
import { fig3Plan, runId, type Fig3Plan, type Fig3Run } from './fig3-runs.js';
import { fig3Charts, fig3Page, TITLE } from './fig3-page.js';
import { fig3Verdicts } from './fig3-verdicts.js';
import { ResultsFile, type Row } from './results.js';
import { BATCH_SIZE, SEQUENCE_LENGTH } from './toy-models.js';
import { ToyTrainer } from './toy-trainer.js';

/** A finished run. */
export interface Fig3Result extends Fig3Run {
  /** G's held-out MLM loss, nats a masked token. */
  mlmLoss: number;
  /** AUROC of D against its own generator, and against the standalone one; null where there is none. */
  aurocOwn: number | null;
  aurocStandalone: number | null;
  /** First 16 hexadecimal digits of the SHA-256 of G's parameters. */
  generator: string;
}

const COLUMNS = [
  'panel',
  'design',
  'lambda',
  'eta_g',
  'eta_d',
  'steps',
  'seed',
  'mlm_loss',
  'auroc_own',
  'auroc_standalone',
  'generator',
  'run',
];

/**
 * Figure 3 of Dong et al. 2023 in its toy form: what lambda and eta_G do to the generator; and, for the same eta_G, how
 * well each discriminator does against one frozen generator (their section 5 and appendix D). Each finished run is kept
 * in NAME.csv at once and is not run again.
 */
export const fig3: Experiment = async (options, ctx) => {
  const plan = fig3Plan(options);
  const name = plan.quick ? 'fig3-quick' : 'fig3';
  const file = await ResultsFile.open(ctx.store, `${name}.csv`, COLUMNS);
  const steps = plan.runs.reduce((sum, run) => sum + run.steps, 0);
  const countdown = new Countdown({ steps, tokensPerStep: BATCH_SIZE * SEQUENCE_LENGTH }, ctx);
  const trainer = new ToyTrainer(ctx.engine, ctx.signal, countdown.step);
  try {
    const session = new Session(plan, trainer, file, countdown);
    const results: Fig3Result[] = [];
    for (const run of plan.runs) results.push(await session.result(run));
    countdown.end();
    await file.arrange(plan.runs.map((run) => session.id(run)));
    const verdicts = fig3Verdicts(plan, results);
    const page = fig3Page(name, plan, results, verdicts);
    return { name, title: TITLE, csv: file.csv, page, charts: fig3Charts(plan, results), verdicts };
  } finally {
    await trainer.dispose();
  }
};

/** Takes each run from the file, or trains it. */
class Session {
  private standalone: Promise<HostArrays> | null = null;

  constructor(
    private readonly plan: Fig3Plan,
    private readonly trainer: ToyTrainer,
    private readonly file: ResultsFile,
    private readonly countdown: Countdown,
  ) {}

  readonly id = (run: Fig3Run): string => runId(run, this.plan.standalone, this.trainer.corpus);

  async result(run: Fig3Run): Promise<Fig3Result> {
    const id = this.id(run);
    const known = this.file.find(id);
    if (known) {
      this.countdown.skip(run.steps);
      return read(run, known);
    }
    const result = await this.train(run);
    await this.file.add(written(result, id));
    this.countdown.notice(summary(result));
    return result;
  }

  private async train(run: Fig3Run): Promise<Fig3Result> {
    // Frozen parameters are not kept between calls: what needs them trains them again, to the same bits.
    const frozen = run.panel === 'eta' ? await this.frozen() : null;
    const { measures, parameters } = await this.trainer.train(run);
    if (run.panel === 'standalone') this.standalone = Promise.resolve(renamed(parameters));
    const against = frozen ? await this.trainer.measure(run, { ...parameters, ...frozen }) : null;
    return {
      ...run,
      mlmLoss: measures['mlm_loss']!,
      aurocOwn: measures['rtd_auroc'] ?? null,
      aurocStandalone: against?.['rtd_auroc'] ?? null,
      generator: digest(parameters),
    };
  }

  private frozen(): Promise<HostArrays> {
    this.standalone ??= this.trainer.train(this.plan.standalone).then(({ parameters }) => renamed(parameters));
    return this.standalone;
  }
}

/** The standalone model takes the generator's place. */
const renamed = (parameters: HostArrays): HostArrays =>
  Object.fromEntries(Object.entries(parameters).map(([key, v]) => [key.replace(/^encoder\//, 'generator/'), v]));

function digest(parameters: HostArrays): string {
  const names = Object.keys(parameters).filter((key) => !key.startsWith('discriminator/'));
  const bytes = names.map((key) => Buffer.from(Float32Array.from(parameters[key]!).buffer));
  return sha256(Buffer.concat(bytes)).slice(0, 16);
}

const written = (r: Fig3Result, run: string): Row => ({
  panel: r.panel,
  design: r.design,
  lambda: String(r.lossWeight),
  eta_g: String(r.etaG),
  eta_d: String(r.etaD),
  steps: String(r.steps),
  seed: String(r.seed),
  mlm_loss: String(r.mlmLoss),
  auroc_own: String(r.aurocOwn ?? ''),
  auroc_standalone: String(r.aurocStandalone ?? ''),
  generator: r.generator,
  run,
});

const read = (run: Fig3Run, row: Row): Fig3Result => ({
  ...run,
  mlmLoss: Number(row['mlm_loss']),
  aurocOwn: optional(row['auroc_own']!),
  aurocStandalone: optional(row['auroc_standalone']!),
  generator: row['generator']!,
});

const optional = (cell: string) => (cell === '' ? null : Number(cell));

function summary({ panel, design, lossWeight, etaG, seed, mlmLoss, aurocStandalone: auroc }: Fig3Result): string {
  const varied = {
    eta: `eta_G ${etaG}`,
    lambda: `${design}, lambda ${lossWeight}`,
    standalone: 'standalone generator',
  };
  return `${varied[panel]}, seed ${seed}: G loss ${mlmLoss.toFixed(3)}${auroc === null ? '' : `, AUROC ${auroc.toFixed(3)}`}`;
}
