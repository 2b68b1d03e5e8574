import { z } from 'zod';

export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/**
 * The same schema with every field optional at every depth: what a spec may override of its recipe. Unknown fields stay
 * refused by name; a value's own type and range stay checked; rules across fields are checked once the recipe is filled in.
 */
export function overrides<S extends z.ZodType>(schema: S): z.ZodType<DeepPartial<z.output<S>>> {
  return partial(schema) as unknown as z.ZodType<DeepPartial<z.output<S>>>;
}

/** Keeps what is said of a field. */
function partial(schema: z.core.$ZodType): z.ZodType {
  return described(optionalInside(schema), schema);
}

function described(made: z.ZodType, original: z.core.$ZodType): z.ZodType {
  const { description } = original as z.ZodType;
  return description === undefined ? made : made.describe(description);
}

function optionalInside(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const shape = Object.entries<z.core.$ZodType>(schema.shape);
    return z.strictObject(Object.fromEntries(shape.map(([key, field]) => [key, partial(field).optional()])));
  }
  if (schema instanceof z.ZodOptional) return partial(schema.unwrap());
  if (schema instanceof z.ZodNullable) return partial(schema.unwrap()).nullable();
  if (schema instanceof z.ZodUnion) return mergedUnion(schema.options as z.core.$ZodType[]);
  return schema as z.ZodType;
}

/** An override may leave the discriminator out, so the options' fields are accepted together. */
function mergedUnion(options: z.core.$ZodType[]): z.ZodType {
  const objects = options.filter((o) => o instanceof z.ZodObject);
  if (objects.length !== options.length) return z.union(options as z.ZodType[]);
  const fields = new Map<string, Set<z.core.$ZodType>>();
  for (const object of objects)
    for (const [key, field] of Object.entries<z.core.$ZodType>(object.shape))
      fields.set(key, (fields.get(key) ?? new Set()).add(field));
  return z.strictObject(Object.fromEntries([...fields].map(([key, all]) => [key, anyOf([...all]).optional()])));
}

/** One choice of all literals, so that a message can list them. */
function anyOf(alternatives: z.core.$ZodType[]): z.ZodType {
  const literals = alternatives.filter((field) => field instanceof z.ZodLiteral);
  if (literals.length === alternatives.length)
    return described(z.literal(literals.flatMap((literal) => [...literal.values])), alternatives[0]!);
  return alternatives.length === 1 ? partial(alternatives[0]!) : z.union(alternatives.map(partial));
}
