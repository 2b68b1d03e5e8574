import type { Chart, Verdict } from './experiment.js';
import type { Fig3Result } from './fig3.js';
import { ETA_D, ETA_LAMBDA, LAMBDA_DESIGNS, LAMBDA_ETA, lambdaSteps, type Fig3Plan } from './fig3-runs.js';
import { counted, Fig3Statistics, type LambdaDesign } from './fig3-verdicts.js';
import { shown } from './statistics.js';
import { LANGUAGE } from './toy-language.js';
import { BATCH_SIZE, DISCRIMINATOR, GENERATOR, JOINT_CLIP, SEQUENCE_LENGTH } from './toy-models.js';

export const TITLE = 'What controls the generator (toy corpus)';

const DESIGNS = {
  decoupled: { row: 'separate embeddings, decoupled optimizers', line: 'decoupled' },
  shared: { row: 'shared embedding, one optimizer', line: 'shared' },
  clipped: { row: `separate embeddings, one optimizer, joint clip ${JOINT_CLIP.toFixed(1)}`, line: 'joint clip' },
} satisfies Record<LambdaDesign, { row: string; line: string }>;

/** The figure's two panels, and D's quality over the second one's runs. Points are means over the seeds. */
export function fig3Charts(plan: Fig3Plan, results: readonly Fig3Result[]): Chart[] {
  const statistics = new Fig3Statistics(results);
  const line = { scale: 'log', marks: true } as const;
  const loss = 'G loss (nats)';
  return [
    {
      ...line,
      title: 'Generator over lambda',
      x: 'lambda',
      y: loss,
      points: LAMBDA_DESIGNS.flatMap((design) =>
        plan.lambdas.map((x) => ({ x, y: statistics.loss(design, x).mean, series: DESIGNS[design].line })),
      ),
    },
    {
      ...line,
      title: 'Generator over its learning rate',
      x: 'eta_G',
      y: loss,
      points: plan.etas.map((x) => ({ x, y: statistics.eta(x).loss.mean, series: DESIGNS.decoupled.line })),
    },
    {
      ...line,
      title: 'Discriminator over the same runs',
      x: 'eta_G',
      y: 'AUROC of D against',
      points: plan.etas.flatMap((x) => {
        const { standalone, own } = statistics.eta(x);
        return [
          { x, y: standalone.mean, series: 'standalone G' },
          { x, y: own.mean, series: 'own G' },
        ];
      }),
    },
  ];
}

/** The page, in Markdown: claims, method, numbers, verdicts. A function of the results alone. */
export function fig3Page(
  name: string,
  plan: Fig3Plan,
  results: readonly Fig3Result[],
  verdicts: readonly Verdict[],
): string {
  const statistics = new Fig3Statistics(results);
  return `${[
    '# Figure 3: what controls the generator',
    'Dong et al. 2023 (ICML), "Understand and Modularize Generator Optimization in ELECTRA-style Pretraining", figure 3 and section 5.',
    `**This is the toy form: a made-up language of ${LANGUAGE.words} words and models of width ${GENERATOR.hidden}. It shows how the optimization behaves; it shows nothing about real text.**${quickNote(plan)}`,
    ...verdictSection(verdicts),
    `![Loss of the generator over lambda and over eta_G, AUROC of the discriminator over eta_G](${name}.svg)`,
    ...methodSection(plan),
    ...lambdaSection(plan, statistics),
    ...etaSection(plan, statistics, results),
    ...commandSection(name, plan),
  ].join('\n\n')}\n`;
}

const quickNote = (plan: Fig3Plan) =>
  plan.quick
    ? ` It is the quick form besides: ${plan.steps} steps and one seed, too few for the discriminator to learn much.`
    : '';

const verdictSection = (verdicts: readonly Verdict[]) => [
  '## What is claimed, and what was found',
  table(
    ['claim', 'here', 'because'],
    verdicts.map((v) => [v.claim, v.shown ? '**shown**' : '**not shown**', v.because]),
  ),
];

const methodSection = (plan: Fig3Plan) => [
  '## What was run',
  [
    `- Language: ${LANGUAGE.topics} topics over the same ${LANGUAGE.words} words. In a topic each word has ${LANGUAGE.successors.length} successors of its own, with probabilities ${LANGUAGE.successors.join(', ')}; before each word the topic changes with probability ${LANGUAGE.switching}. Sequences of ${SEQUENCE_LENGTH} tokens, 4 of them masked; every training sequence is new. The language is the same for all runs; seeds change initial values, sequences, masks and samples.`,
    `- Models: G ${GENERATOR.layers} layers, D ${DISCRIMINATOR.layers} layers, width ${GENERATOR.hidden}, ${GENERATOR.heads} heads, feed-forward ${GENERATOR.ffn}, T5 relative positions, no dropout. Adam (0.9, 0.98), epsilon 1e-6, no weight decay; ${counted(plan.steps, 'step')} (${counted(lambdaSteps(plan), 'step')} where lambda is varied) of ${BATCH_SIZE} sequences, warm-up over a tenth of them, then linear decay.`,
    `- lambda: learning rate ${LAMBDA_ETA} for both models in all three designs. "One optimizer" has one Adam over all parameters; "joint clip" also clips the norm of all gradients together at ${JOINT_CLIP.toFixed(1)}. Nothing else is clipped.`,
    `- eta_G: separate embeddings, decoupled optimizers, eta_D ${ETA_D}, lambda ${ETA_LAMBDA}.`,
    `- The standalone generator is another of G's shape, trained by masked language modelling alone (learning rate ${plan.standalone.etaG}, ${counted(plan.standalone.steps, 'step')}, a seed of its own), then frozen: every D detects replacements by this one generator (appendix D of the paper).`,
    `- All losses and AUROCs are of ${plan.heldOut * BATCH_SIZE} held-out sequences, the same for every run, after the last step. ${plan.seeds > 1 ? `± is the standard deviation over ${counted(plan.seeds, 'seed')}.` : 'One seed.'}`,
  ].join('\n'),
];

const lambdaSection = (plan: Fig3Plan, statistics: Fig3Statistics) => [
  '## Loss of the generator over lambda',
  table(
    ['design', ...plan.lambdas.map((l) => `lambda ${l}`)],
    LAMBDA_DESIGNS.map((design) => [
      DESIGNS[design].row,
      ...plan.lambdas.map((l) => shown(statistics.loss(design, l))),
    ]),
  ),
];

const etaSection = (plan: Fig3Plan, statistics: Fig3Statistics, results: readonly Fig3Result[]) => [
  '## Generator and discriminator over eta_G',
  table(
    ['eta_G', 'G loss', 'AUROC against the standalone G', 'AUROC against its own G'],
    plan.etas.map((e) => {
      const { loss, standalone, own } = statistics.eta(e);
      return [String(e), shown(loss), shown(standalone), shown(own)];
    }),
  ),
  `The standalone generator's loss is ${results.find((r) => r.panel === 'standalone')!.mlmLoss.toFixed(3)}.`,
];

const commandSection = (name: string, plan: Fig3Plan) => [
  '## Again',
  ['```', command(plan), '```'].join('\n'),
  `writes this page, [${name}.csv](${name}.csv) (every run; \`generator\` is a digest of G's parameters) and the plot. Runs that the CSV already has are not run again: remove it to run all of them. On a machine of the same kind the same command gives the same bytes; elsewhere sums may differ in their last bits.`,
];

const command = (plan: Fig3Plan) =>
  ['npx orestes reproduce fig3', plan.quick ? '--quick' : `--seeds ${plan.seeds}`, `--steps ${plan.steps}`].join(' ');

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
