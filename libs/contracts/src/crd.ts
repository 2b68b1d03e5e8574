import { z } from 'zod';
import { structural, type Structural } from './structural.js';
import { TRAINING_JOB, TrainingJobSpec, TrainingJobStatus, WORK_KINDS } from './training-job.js';

interface Rule {
  /** Of the field that the rule is about, from the schema's root. */
  path: string;
  /** CEL. */
  rule: string;
  message: string;
}

/** A spec is the job's scientific identity; a changed one is another job. */
const fixed = (kind: string): Rule => ({
  path: `spec.${kind}`,
  rule: 'self == oldSelf',
  message: "a job's spec can't be changed: make a new TrainingJob",
});

const MASKING = ['mask', 'random', 'keep'];
const sum = MASKING.map((name) => `self.${name}`).join(' + ');

/** What the schema can't say. The same is said by the refinements of the schemas that specs are parsed by. */
const RULES: Rule[] = [
  {
    path: '',
    rule: `self.metadata.name.matches('^[a-z]([a-z0-9-]{0,51}[a-z0-9])?$')`,
    message:
      'the name must be a letter and up to 52 of a-z, 0-9 and - : those of its Jobs, pods and Service begin with it',
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
  ...['encoder', 'generator', 'discriminator'].map((name) => ({
    path: `spec.pretrain.model.${name}`,
    rule: '!has(self.hidden) || !has(self.heads) || self.hidden % self.heads == 0',
    message: 'hidden must be a multiple of heads',
  })),
  {
    path: 'spec.pretrain.objective.masking',
    rule: `!(${MASKING.map((name) => `has(self.${name})`).join(' && ')}) || (${sum} > 0.999999999 && ${sum} < 1.000000001)`,
    message: 'mask + random + keep must be 1',
  },
];

/** Sizes that an object in the Kubernetes API can have, so that rules over them stay cheap. */
const LIMITS: Record<string, Partial<Structural>> = {
  'spec.corpus.input': { maxItems: 1000 },
  ...Object.fromEntries(WORK_KINDS.map((kind) => [`spec.${kind}.labels`, { maxProperties: 32 }])),
};

const COLUMNS = [
  { name: 'Kind', type: 'string', jsonPath: '.metadata.labels.orestes\\.dev/kind' },
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Attempt', type: 'integer', jsonPath: '.status.attempt' },
  { name: 'Progress', type: 'string', jsonPath: '.status.progress' },
  { name: 'Tokens/s', type: 'number', jsonPath: '.status.job.progress.tokensPerSecond' },
  { name: 'ETA s', type: 'number', jsonPath: '.status.job.progress.etaSeconds' },
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
  for (const { path, rule, message } of RULES) {
    const field = at(schema, path);
    field['x-kubernetes-validations'] = [...(field['x-kubernetes-validations'] ?? []), { rule, message }];
  }
  for (const [path, limits] of Object.entries(LIMITS)) Object.assign(at(schema, path), limits);
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
