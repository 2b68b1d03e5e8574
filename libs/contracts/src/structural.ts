import type { z } from 'zod';

type Json = z.core.JSONSchema.JSONSchema;

/** A schema in the form that Kubernetes asks of a custom resource ("structural"): OpenAPI v3, one type for each field. */
export interface Structural {
  type?: string;
  description?: string;
  properties?: Record<string, Structural>;
  additionalProperties?: Structural;
  items?: Structural;
  required?: string[];
  enum?: unknown[];
  nullable?: boolean;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-map-type'?: 'atomic';
  'x-kubernetes-validations'?: { rule: string; message: string; fieldPath?: string }[];
}

const KEPT = ['description', 'pattern', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const;

/**
 * A JSON schema as a structural one. Defaults stay out: whoever registers the job fills them in. Unknown fields need no word:
 * the apiserver refuses them, or prunes them where the client asks for that.
 * @throws Error for a schema that has no structural form
 */
export function structural(schema: Json): Structural {
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms) return withKept(schema, union(forms));
  const own = withKept(schema, { type: schema.type as string });
  const values = schema.const === undefined ? schema.enum : [schema.const];
  if (values) return { ...own, type: own.type ?? typeof values[0], enum: values };
  switch (schema.type) {
    case 'object':
      return { ...own, ...object(schema) };
    case 'array':
      return { ...own, items: structural(schema.items as Json) };
    case 'integer':
      return { ...own, format: 'int64', ...range(schema) };
    case 'number':
      return { ...own, ...range(schema), ...leastOfWholes(schema) };
    case 'string':
    case 'boolean':
      return own;
    default:
      throw new Error(`no structural form: ${JSON.stringify(schema).slice(0, 200)}`);
  }
}

function withKept(schema: Json, made: Structural): Structural {
  const kept: Structural = Object.fromEntries(
    KEPT.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]] as const),
  );
  return { ...made, ...kept };
}

function object(schema: Json): Structural {
  if (schema.properties) {
    const entries = Object.entries(schema.properties as Record<string, Json>);
    const properties = Object.fromEntries(entries.map(([name, field]) => [name, structural(field)]));
    const required = schema.required ?? [];
    return { properties, ...(required.length > 0 && { required }) };
  }
  const values = schema.additionalProperties as Json;
  if (Object.keys(values).length === 0) return { 'x-kubernetes-preserve-unknown-fields': true };
  return { additionalProperties: structural(values) };
}

/** Forms that differ by null, text or number, or objects whose fields are put together. */
function union(forms: Json[]): Structural {
  const some = forms.filter((form) => form.type !== 'null');
  const nullable = some.length < forms.length ? { nullable: true } : {};
  const [only, ...others] = some.map(structural);
  if (others.length === 0) return { ...only, ...nullable };
  const all = [only!, ...others];
  if (all.every(({ type }) => type === 'string' || type === 'integer'))
    return { 'x-kubernetes-int-or-string': true, ...textOrNumber(all), ...nullable };
  if (!all.every(({ type, properties }) => type === 'object' && properties))
    throw new Error(`no structural form: ${JSON.stringify(forms).slice(0, 200)}`);
  const properties = Object.assign({}, ...all.map((form) => form.properties!)) as Record<string, Structural>;
  return { type: 'object', properties, 'x-kubernetes-validations': [oneForm(all)], ...nullable };
}

/** As a rule, not as `oneOf`: of that the apiserver does not say which field it is about. */
function oneForm(forms: Structural[]): { rule: string; message: string } {
  const names = new Set(forms.flatMap(({ properties }) => Object.keys(properties!)));
  const fits = ({ properties, required = [] }: Structural) => {
    const foreign = [...names].filter((name) => !(name in properties!));
    return [...required.map((name) => `has(self.${name})`), ...foreign.map((name) => `!has(self.${name})`)].join(
      ' && ',
    );
  };
  const needed = forms.map(({ required = [] }) => required.join(' and ')).join(', or ');
  return { rule: forms.map((form) => `(${fits(form)})`).join(' || '), message: `fits no form (allowed: ${needed})` };
}

/** Limits of a text or a whole number: beside `x-kubernetes-int-or-string` only a rule can have them. */
function textOrNumber(forms: Structural[]): Structural {
  const least = forms.find(({ type }) => type === 'integer')?.minimum ?? -Number.MAX_SAFE_INTEGER;
  const shortest = forms.find(({ type }) => type === 'string')?.minLength ?? 0;
  const rule = `type(self) == int ? self >= ${least} : self.size() >= ${shortest}`;
  const message = `a text of at least ${shortest} characters, or a whole number of at least ${least}`;
  return { 'x-kubernetes-validations': [{ rule, message }] };
}

/** A whole number is compared with the whole part of a limit alone by the apiserver: 0 would pass 0.1. */
function leastOfWholes({ minimum }: Json): Structural {
  if (typeof minimum !== 'number' || Number.isInteger(minimum)) return {};
  return { 'x-kubernetes-validations': [{ rule: `self >= ${minimum}`, message: `must be at least ${minimum}` }] };
}

/** JavaScript's own limits of whole numbers say nothing. OpenAPI v3 has the exclusive ones as flags. */
function range(schema: Json): Structural {
  const limits: Structural = {};
  const set = (key: 'minimum' | 'maximum', value: unknown, exclusive: Structural) => {
    if (typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER)
      Object.assign(limits, { [key]: value }, exclusive);
  };
  set('minimum', schema.minimum, {});
  set('maximum', schema.maximum, {});
  set('minimum', schema.exclusiveMinimum, { exclusiveMinimum: true });
  set('maximum', schema.exclusiveMaximum, { exclusiveMaximum: true });
  return limits;
}
