import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { trainingJobDefinition } from './crd.js';
import type { Structural } from './structural.js';
import { submitted } from './submission.js';
import { TrainingJobSpec, WORK_KINDS } from './training-job.js';

interface Definition {
  spec: { versions: [{ schema: { openAPIV3Schema: Structural } }] };
}
const schema = (trainingJobDefinition() as Definition).spec.versions[0].schema.openAPIV3Schema;
const spec = schema.properties!['spec']!;

interface Def {
  innerType?: z.ZodType;
  element?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  shape?: Record<string, z.ZodType>;
}

/** Paths of all fields, read from the zod schema itself: independent of the JSON schema that the CRD is made from. */
function fieldsOf(type: z.ZodType, path = ''): string[] {
  const { innerType, element, valueType, options, shape } = type.def as Def;
  const inside = (name: string) => (path === '' ? name : `${path}.${name}`);
  return [
    ...(path === '' ? [] : [path]),
    ...(innerType ? fieldsOf(innerType, path) : []),
    ...(options ?? []).flatMap((option) => fieldsOf(option, path)),
    ...(element ? fieldsOf(element, inside('[]')) : []),
    ...(valueType ? fieldsOf(valueType, inside('*')) : []),
    ...Object.entries(shape ?? {}).flatMap(([name, field]) => fieldsOf(field, inside(name))),
  ];
}

const at = (root: Structural, path: string): Structural | undefined =>
  path.split('.').reduce<Structural | undefined>((found, name) => {
    if (name === '[]') return found?.items;
    return name === '*' ? found?.additionalProperties : found?.properties?.[name];
  }, root);

interface Place {
  path: string;
  field: Structural;
}

function placesOf(field: Structural, path: string): Place[] {
  const { properties = {}, items, additionalProperties: values } = field;
  return [
    { path, field },
    ...Object.entries(properties).flatMap(([name, inner]) => placesOf(inner, `${path}.${name}`)),
    ...(items ? placesOf(items, `${path}.[]`) : []),
    ...(values ? placesOf(values, `${path}.*`) : []),
  ];
}
const places = placesOf(schema, '');

describe('the CRD of TrainingJob', () => {
  it.each(WORK_KINDS)('has each field of a spec of kind %s, but kind', (kind) => {
    const fields = [...new Set(fieldsOf(submitted[kind]))].filter((path) => path !== 'kind');
    expect(fields.length).toBeGreaterThan(20);
    expect(fields.filter((path) => at(spec, `${kind}.${path}`) === undefined)).toEqual([]);
    expect(at(spec, `${kind}.kind`)).toBeUndefined();
  });

  it('has no field that TrainingJobSpec does not have', () => {
    const known = new Set(fieldsOf(TrainingJobSpec));
    const made = placesOf(spec, 'spec').map(({ path }) => path.slice('spec.'.length));
    expect(made.filter((path) => path !== '' && !known.has(path))).toEqual([]);
  });

  it('has one type for each field, as a structural schema must', () => {
    const untyped = places.filter(({ field }) => !field.type && !field['x-kubernetes-int-or-string']);
    expect(untyped.map(({ path }) => path)).toEqual([]);
  });

  it('has rules about fields that there are', () => {
    const ruled = places.filter(({ field }) => field['x-kubernetes-validations']);
    expect(ruled.length).toBeGreaterThan(15);
    for (const { path, field } of ruled)
      for (const { rule, fieldPath } of field['x-kubernetes-validations']!) {
        const named = [...rule.matchAll(/\b(?:self|oldSelf)\.([A-Za-z]+(?:\.[A-Za-z]+)*)\b(?!\()/g)].map((m) => m[1]!);
        const asked = [...named.map((name) => name.replace(/\.(matches|size|all)$/, '')), fieldPath?.slice(1) ?? ''];
        const missing = asked.filter((name) => name !== '' && at(field, name) === undefined);
        expect({ path, rule, missing }).toEqual({ path, rule, missing: [] });
      }
  });

  it.each([
    ['spec.pretrain.model.generator.layers', { type: 'integer', minimum: 1, maximum: 256 }],
    ['spec.pretrain.optimizers.generator.peakLearningRate', { minimum: 0, exclusiveMinimum: true, maximum: 10 }],
    ['spec.pretrain.model.generator.relativeBias', { type: 'object', nullable: true }],
    ['spec.finetune.task.label', { 'x-kubernetes-int-or-string': true }],
    ['spec.corpus.labels.*', { type: 'string', maxLength: 63 }],
    ['spec.corpus.resources.hosts', { type: 'integer', minimum: 1, maximum: 64 }],
  ])('%s', (path, expected) => {
    expect(at(schema, path)).toMatchObject(expected);
  });
});
