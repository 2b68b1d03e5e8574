import { z } from 'zod';
import { JobSpec } from './specs.js';
import { PipelineSpec, SweepSpec } from './submission.js';

type Schema = z.core.JSONSchema.JSONSchema;

/** One line of the reference. */
export interface FieldRow {
  /** `schedule.maxSteps`; `{a,b}.c` stands for the fields a.c and b.c. */
  path: string;
  type: string;
  allowed: string;
  /** `required`, the value, or what `unset` says. */
  default: string;
  meaning: string;
}

export interface KindReference {
  kind: string;
  meaning: string;
  fields: FieldRow[];
}

/**
 * Every field of every job spec, from the schemas that specs are parsed by.
 * @param unset what stands in for an optional field without a default, by kind and path
 */
export function specFields(unset: (kind: string, path: string) => string): KindReference[] {
  const json = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' });
  const all = [...(json(JobSpec).oneOf as Schema[]), json(SweepSpec), json(PipelineSpec)];
  return all.map((schema) => {
    const { kind, ...fields } = schema.properties as Record<string, Schema>;
    const name = String(kind!.const);
    const object = { ...schema, properties: fields };
    return {
      kind: name,
      meaning: kind!.description ?? '',
      fields: objectRows(object, '', (path) => unset(name, path)),
    };
  });
}

type Unset = (path: string) => string;

function objectRows(object: Schema, prefix: string, unset: Unset): FieldRow[] {
  const required = new Set(object.required);
  return twins(object.properties as Record<string, Schema>).flatMap(([names, schema]) => {
    const path = `${prefix}${names.length > 1 ? `{${names.join(',')}}` : names[0]!}`;
    return fieldRows(schema, path, required.has(names[0]!) ? 'required' : undefined, unset);
  });
}

/** Fields side by side of the same form are shown once. */
function twins(properties: Record<string, Schema>): [string[], Schema][] {
  const groups: [string[], Schema][] = [];
  for (const [name, schema] of Object.entries(properties)) {
    const twin = groups.find(([, other]) => isObject(schema) && JSON.stringify(other) === JSON.stringify(schema));
    if (twin) twin[0].push(name);
    else groups.push([[name], schema]);
  }
  return groups;
}

/** With fields of known names. */
const isObject = (schema: Schema) => schema.type === 'object' && schema.properties !== undefined;

function fieldRows(schema: Schema, path: string, required: string | undefined, unset: Unset): FieldRow[] {
  const [form, ...others] = alternatives(schema);
  if (others.length === 0 && isObject(form!)) return objectRows(form!, `${path}.`, unset);
  const row = (type: string, meaning: string | undefined): FieldRow => ({
    path,
    type,
    allowed: allowed(schema),
    default: required ?? (schema.default === undefined ? unset(path) : code(schema.default)),
    meaning: meaning ?? '',
  });
  const forms = alternatives(schema).filter(isObject);
  if (forms.length === 0) return [row(typeOf(schema), schema.description)];
  const meaning = schema.description ?? `Either ${forms.map((f) => `${f.description}: ${leaves(f)}`).join('; or ')}.`;
  const inner = forms.flatMap((form) => objectRows(form, `${path}.`, unset));
  return [row(forms.length < others.length + 1 ? 'object or null' : 'object', meaning), ...inner];
}

const leaves = (form: Schema) =>
  Object.keys(form.properties ?? {})
    .map((name) => `\`${name}\``)
    .join(', ');

/** The different forms of a field, one where there is no choice. */
function alternatives(schema: Schema): Schema[] {
  const forms = schema.anyOf ?? schema.oneOf ?? [schema];
  const texts = forms.map((form) => JSON.stringify(form));
  return forms.filter((_, i) => texts.indexOf(texts[i]!) === i);
}

function typeOf(schema: Schema): string {
  const types = alternatives(schema).map((form) => {
    if (form.type === 'array') return `list of ${typeOf(form.items as Schema)}`;
    return form.type === 'integer' ? 'whole number' : String(form.type);
  });
  return types.join(' or ');
}

function allowed(schema: Schema): string {
  const forms = alternatives(schema).map((form) => {
    if (form.const !== undefined) return code(form.const);
    if (form.enum) return form.enum.map(code).join(', ');
    if (form.type === 'array') return between(form.minItems, form.maxItems, ' items');
    if (form.pattern) return PATTERNS[form.pattern] ?? code(form.pattern);
    if (form.type === 'string') return between(form.minLength, form.maxLength, ' characters');
    return range(form);
  });
  return [...new Set(forms.filter((text) => text !== ''))].join('; ');
}

const code = (value: unknown) => `\`${String(value)}\``;

/** What a pattern means to a reader. */
const PATTERNS: Record<string, string> = {
  '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$': '1 to 63 of a-z, 0-9 and -, no - at either end',
};

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  if (exclusiveMinimum === undefined && exclusiveMaximum === undefined) return between(minimum, maximum, '');
  const low = exclusiveMinimum === undefined ? `at least ${minimum}` : `more than ${exclusiveMinimum}`;
  if (exclusiveMaximum === undefined && maximum === undefined) return low;
  return `${low}, ${exclusiveMaximum === undefined ? `at most ${maximum}` : `less than ${exclusiveMaximum}`}`;
}

/** Whole numbers without a limit have that of JavaScript in a JSON schema. */
function between(low: number | undefined, high: number | undefined, unit: string): string {
  const top = high === Number.MAX_SAFE_INTEGER ? undefined : high;
  if (low === undefined) return top === undefined ? '' : `at most ${top}${unit}`;
  if (top === undefined) return unit && low === 1 ? 'not empty' : `at least ${low}${unit}`;
  return `${low} to ${top}${unit}`;
}
