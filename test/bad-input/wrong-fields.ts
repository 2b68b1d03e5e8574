/** The part of JSON Schema that the schemas of specs come out as. */
export interface JsonSchema {
  type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  enum?: string[];
  const?: string;
  pattern?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

/** A document with one thing wrong. */
export interface WrongField {
  /** As messages name it: `spec.schedule.maxSteps`. */
  field: string;
  wrong: string;
  document: unknown;
  /** What the message says after the field. */
  says: string;
}

/** Where a value stands in a document. */
interface Place {
  field: string;
  /** The document with another value there. */
  put: (value: unknown) => unknown;
}

type Wrongs = Generator<WrongField>;

/** Every way in which one field of a document can be wrong, from the schema: no field can be forgotten. */
export function wrongFields(
  schema: JsonSchema,
  place: Place = { field: 'spec', put: (value) => value },
): Iterable<WrongField> {
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return wrongOptions(options, place);
  if (schema.const !== undefined) return []; // another value is another form
  if (schema.enum) return wrongChoice(schema.enum, place);
  switch (schema.type) {
    case 'object':
      return wrongObject(schema, place);
    case 'array':
      return wrongList(schema, place);
    case 'string':
      return wrongString(schema, place);
    case 'integer':
    case 'number':
      return wrongNumber(schema, place);
    case 'boolean':
      return wrongValues(place, 'true or false', ['yes', 1, null]);
    default:
      throw new Error(`${place.field}: nothing is known about ${JSON.stringify(schema)}`);
  }
}

const wrongType = ({ field, put }: Place, kind: string, value: unknown): WrongField => ({
  field,
  wrong: `${JSON.stringify(value)} for ${kind}`,
  document: put(value),
  says: `${shown(value)} is not ${kind}`,
});

const shown = (value: unknown) =>
  Array.isArray(value) ? 'a list' : value !== null && typeof value === 'object' ? 'an object' : JSON.stringify(value);

function* wrongValues(place: Place, kind: string, values: readonly unknown[]): Wrongs {
  for (const value of values) yield wrongType(place, kind, value);
}

/** A choice of forms, or a value that may be null. */
function* wrongOptions(options: readonly JsonSchema[], { field, put }: Place): Wrongs {
  const wanted = options.filter((option) => option.type !== 'null');
  const scalars = wanted.length > 1 && wanted.every((option) => option.type !== 'object');
  if (scalars) yield { field, wrong: 'true', document: put(true), says: 'true is not ' };
  const nullable = wanted.length < options.length;
  for (const option of scalars ? [] : wanted)
    for (const row of wrongFields(option, { field, put }))
      if (!nullable || row.field !== field || !row.wrong.startsWith('null for')) yield row;
}

function* wrongChoice(allowed: readonly string[], { field, put }: Place): Wrongs {
  const list = `(allowed: ${allowed.join(', ')})`;
  for (const value of ['no-such', allowed[0]!.toUpperCase(), 0, null, {}])
    yield { field, wrong: JSON.stringify(value), document: put(value), says: `${shown(value)} is not allowed ${list}` };
}

function* wrongObject(schema: JsonSchema, place: Place): Wrongs {
  const { properties = {}, required = [], additionalProperties } = schema;
  const { field, put } = place;
  if (schema.properties === undefined && typeof additionalProperties === 'object') {
    yield* wrongRecord(place);
    return;
  }
  if (additionalProperties !== false) throw new Error(`${field}: unknown fields are not refused`);
  yield* wrongValues(place, 'an object', [5, 'text', [], null]);
  const whole = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, sample(schema)]));
  yield { field: `${field}.surplus`, wrong: 'unknown', document: put({ ...whole, surplus: 1 }), says: 'unknown field' };
  for (const [name, schema] of Object.entries(properties)) {
    const inner = { field: `${field}.${name}`, put: (value: unknown) => put({ ...whole, [name]: value }) };
    if (required.includes(name) && schema.const === undefined)
      yield { field: inner.field, wrong: 'missing', document: inner.put(undefined), says: 'missing (' };
    yield* wrongFields(schema, inner);
  }
}

/** Names of the user's own: the service's labels. */
function* wrongRecord({ field, put }: Place): Wrongs {
  yield* wrongValues({ field, put }, 'an object', [5, 'text', [], null]);
  for (const name of ['', '-a', 'a b', 'a'.repeat(64)])
    yield {
      field,
      wrong: JSON.stringify(name),
      document: put(Object.fromEntries([[name, 'x']])),
      says: 'is not allowed',
    };
  const proto = Object.fromEntries([['__proto__', 'x']]);
  yield { field: `${field}.__proto__`, wrong: 'unknown', document: put(proto), says: 'unknown field' };
  yield { field: `${field}.a`, wrong: 'a number', document: put({ a: 5 }), says: '5 is not a string' };
}

function* wrongList({ items = {}, minItems = 0, maxItems }: JsonSchema, place: Place): Wrongs {
  const { field, put } = place;
  const one = sample(items);
  yield* wrongValues(place, 'a list', ['text', 5, {}, null]);
  if (minItems > 0)
    yield { field, wrong: 'empty', document: put([]), says: `a list is too small (at least ${minItems}` };
  if (maxItems !== undefined)
    yield {
      field,
      wrong: 'too long',
      document: put(Array.from({ length: maxItems + 1 }, () => one)),
      says: `a list is too large (at most ${maxItems}`,
    };
  yield* wrongFields(items, { field: `${field}.0`, put: (value) => put([value]) });
}

/** How a message names what a pattern allows. */
const formOf = (pattern: string): string => (pattern.startsWith('^[A-Z') ? "a node's label" : 'lower-case letters');

function* wrongString({ pattern, minLength = 0, maxLength }: JsonSchema, place: Place): Wrongs {
  const { field, put } = place;
  yield* wrongValues(place, 'a string', [5, true, [], {}, null]);
  if (pattern !== undefined)
    for (const value of ['', 'Upper case', '-', 'a'.repeat(300), 'a\u0000b', '__proto__'])
      yield { field, wrong: JSON.stringify(value), document: put(value), says: ` is not allowed (${formOf(pattern)}` };
  if (minLength > 0)
    yield { field, wrong: 'empty', document: put(''), says: '"" is too small (at least 1 characters)' };
  if (maxLength !== undefined)
    yield {
      field,
      wrong: 'too long',
      document: put('a'.repeat(maxLength + 1)),
      says: `is too large (at most ${maxLength}`,
    };
}

function* wrongNumber(
  { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema,
  place: Place,
): Wrongs {
  const { field, put } = place;
  yield* wrongValues(place, 'a number', ['12', true, [], {}, null]);
  yield { field, wrong: 'infinite', document: put(Infinity), says: 'Infinity is not a finite number' };
  if (type === 'integer') yield wrongType(place, 'a whole number', 8.5);
  const bounds: [number | undefined, number, string][] = [
    [minimum, -1, 'small (at least'],
    [exclusiveMinimum, 0, 'small (more than'],
    [maximum, 1, 'large (at most'],
    [exclusiveMaximum, 0, 'large (less than'],
  ];
  for (const [bound, beyond, says] of bounds) {
    if (bound === undefined) continue;
    const value = bound + beyond;
    yield { field, wrong: String(value), document: put(value), says: `${value} is too ${says} ${bound})` };
  }
}

/** A valid value; of a choice of forms, the first. */
function sample(schema: JsonSchema): unknown {
  const [option] = schema.anyOf ?? schema.oneOf ?? [];
  if (option) return sample(option);
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined || schema.enum) return schema.const ?? schema.enum![0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties![name]!)]));
    case 'array':
      return [sample(schema.items!)];
    case 'string':
      return 'a';
    case 'boolean':
      return true;
    default:
      return schema.minimum ?? (schema.exclusiveMinimum! + (schema.exclusiveMaximum ?? 2)) / 2;
  }
}
