import { z } from 'zod';
import { structural, type Structural } from './structural.js';
import { TRAINING_JOB, TrainingJobSpec, TrainingJobStatus, WORK_KINDS } from './training-job.js';

interface Rule {
  /** Of the field that the rule is about, from the schema's root. */
  path: string;
  /** CEL. */
  rule: string;
  message: string;
  /** Of the field below it that is to be changed. */
  fieldPath?: string;
}

/** A spec is the job's scientific identity; a changed one is another job. */
const fixed = (kind: string): Rule => ({
  path: `spec.${kind}`,
  rule: 'self == oldSelf',
  message: "a job's spec can't be changed: make a new TrainingJob",
});

const MASKING = ['mask', 'random', 'keep'];
const sum = MASKING.map((name) => `self.${name}`).join(' + ');

/** What labels may be called (of Scheduling): JSON schema has a pattern for names, Kubernetes has none. */
const LABEL_NAME = '^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$';

/** A rule about two fields, where both are given; where one is left out, the recipe's value decides, which the service knows. */
const both = (path: string, [one, other]: [string, string], rule: string, message: string): Rule => ({
  ...{ path, fieldPath: `.${other}`, message },
  rule: `!has(self.${one}) || !has(self.${other}) || ${rule}`,
});

/** What the schema can't say. The same is said by the refinements of the schemas that specs are parsed by. */
const RULES: Rule[] = [
  {
    path: '',
    rule: `self.metadata.name.matches('^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$')`,
    message:
      'the name must be a letter and up to 49 of a-z, 0-9 and - : those of its Jobs, pods and Service begin with it',
  },
  {
    path: 'spec',
    rule: `[${WORK_KINDS.map((kind) => `has(self.${kind})`).join(', ')}].filter(given, given).size() == 1`,
    message: `exactly one of ${WORK_KINDS.join(', ')} is needed`,
  },
  {
    path: 'spec',
    rule: WORK_KINDS.map((kind) => `has(self.${kind}) == has(oldSelf.${kind})`).join(' && '),
    message: "a job's kind can't be changed: make a new TrainingJob",
  },
  ...WORK_KINDS.map(fixed),
  ...WORK_KINDS.map((kind) => ({
    path: `spec.${kind}.labels`,
    rule: `self.all(name, name.matches('${LABEL_NAME}'))`,
    message: 'names are 1 to 63 of A-Z, a-z, 0-9 and . _ / - between',
  })),
  ...['encoder', 'generator', 'discriminator'].map((name) =>
    both(
      `spec.pretrain.model.${name}`,
      ['hidden', 'heads'],
      'self.hidden % self.heads == 0',
      'hidden must be a multiple of heads',
    ),
  ),
  both(
    'spec.pretrain.schedule',
    ['maxSteps', 'warmupSteps'],
    'self.warmupSteps <= self.maxSteps',
    'warmupSteps must not exceed maxSteps',
  ),
  both(
    'spec.pretrain.schedule',
    ['batchSize', 'accumulation'],
    'self.batchSize % self.accumulation == 0',
    'batchSize must be a multiple of accumulation',
  ),
  {
    path: 'spec.pretrain.objective.masking',
    rule: `!(${MASKING.map((name) => `has(self.${name})`).join(' && ')}) || (${sum} > 0.999999999 && ${sum} < 1.000000001)`,
    message: 'mask + random + keep must be 1',
  },
];

/** Has one writer, who gives it whole: who owns which of its fields need not be kept. */
const WHOLE: Partial<Structural> = { 'x-kubernetes-map-type': 'atomic' };

/** What a field is marked with beside: sizes, so that rules over them stay cheap, and how many write it. */
const MARKS: Record<string, Partial<Structural>> = {
  'spec.corpus.input': { maxItems: 1000 },
  ...Object.fromEntries(WORK_KINDS.map((kind) => [`spec.${kind}.labels`, { maxProperties: 32 }])),
  ...Object.fromEntries(WORK_KINDS.map((kind) => [`spec.${kind}`, WHOLE])),
  'status.job': WHOLE,
};

const COLUMNS = [
  { name: 'Kind', type: 'string', jsonPath: '.metadata.labels.orestes\\.dev/kind' },
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Attempt', type: 'integer', jsonPath: '.status.attempt' },
  { name: 'Progress', type: 'string', jsonPath: '.status.progress' },
  { name: 'Tokens/s', type: 'integer', jsonPath: '.status.job.progress.tokensPerSecond' },
  { name: 'ETA s', type: 'integer', jsonPath: '.status.job.progress.etaSeconds' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 },
];

/** The CustomResourceDefinition of TrainingJob, made from the schemas that specs are parsed by. */
export function trainingJobDefinition(): object {
  const { group, version, kind, plural } = TRAINING_JOB;
  const json = (schema: z.ZodType) => structural(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const schema: Structural = {
    type: 'object',
    description: 'A job of Orestes: text to a corpus, a pretraining, a fine-tuning or an evaluation.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object', properties: { name: { type: 'string' } } },
      spec: json(TrainingJobSpec),
      status: json(TrainingJobStatus),
    },
  };
  for (const { path, ...rule } of RULES) {
    const field = at(schema, path);
    field['x-kubernetes-validations'] = [...(field['x-kubernetes-validations'] ?? []), rule];
  }
  for (const [path, marks] of Object.entries(MARKS)) Object.assign(at(schema, path), marks);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        plural,
        singular: 'trainingjob',
        listKind: `${kind}List`,
        shortNames: ['tj'],
        categories: ['orestes'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
        },
      ],
    },
  };
}

function at(schema: Structural, path: string): Structural {
  const names = path === '' ? [] : path.split('.');
  const found = names.reduce<Structural | undefined>((inner, name) => inner?.properties?.[name], schema);
  if (!found) throw new Error(`${path}: no such field of TrainingJob`);
  return found;
}
