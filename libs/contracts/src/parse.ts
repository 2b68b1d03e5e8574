import type { z } from 'zod';
import { InvalidDocument, type Problem } from './errors.js';
import { showKey, showValue } from './show.js';

type Issue = z.core.$ZodIssue;
type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

/**
 * Parses a document at the edge.
 * @param where what the document is called in messages, for example `spec`
 * @throws UserError INVALID_SPEC naming every field that is wrong, and what is allowed
 */
export function parseDocument<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const hidden = protoFields(value);
  if (hidden.length > 0) throw new InvalidDocument(where, hidden);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describe(issue, value));
  throw new InvalidDocument(where, distinct(problems));
}

/** No document has such a field; zod would pass over it where names are free. */
function protoFields(value: unknown, path: readonly PropertyKey[] = []): Problem[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, field]) =>
    key === '__proto__' ? [{ path: [...path, key], message: 'unknown field' }] : protoFields(field, [...path, key]),
  );
}

function distinct(problems: Problem[]): Problem[] {
  const seen = problems.map((p) => JSON.stringify(p));
  return problems.filter((_, i) => seen.indexOf(seen[i]!) === i);
}

/** Each thing that is wrong. */
function describe(issue: Issue, root: unknown): Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'unknown field' }));
  if (issue.code === 'invalid_key')
    return [
      {
        path: path.slice(0, -1),
        message: `the name ${showValue(path.at(-1))} is not allowed (${issue.issues[0]!.message})`,
      },
    ];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return describeUnion(issue, root);
  const value = at(root, path);
  const choices = allowed(issue);
  const message = value === undefined ? missing(issue) : problem(issue, showValue(value));
  return [{ path, message, ...(choices.length > 0 && { allowed: choices }) }];
}

function missing(issue: Issue): string {
  if (issue.code === 'invalid_type') return `missing (${kindOf(issue.expected)} is needed)`;
  return `missing (allowed: ${allowed(issue).join(', ') || issue.message})`;
}

function problem(issue: Issue, got: string): string {
  switch (issue.code) {
    case 'invalid_type':
      return `${got} is not ${/^-?Infinity$|^NaN$/.test(got) ? 'a finite number' : kindOf(issue.expected)}`;
    case 'too_small':
      return `${got} is too small (${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unit(issue.origin)})`;
    case 'too_big':
      return `${got} is too large (${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unit(issue.origin)})`;
    case 'invalid_value':
    case 'invalid_union':
      return `${got} is not allowed (allowed: ${allowed(issue).join(', ')})`;
    case 'invalid_format':
      return `${got} is not allowed (${issue.message})`;
    default:
      return got === 'an object' ? issue.message : `${got}: ${issue.message}`;
  }
}

/** The values that a choice offers. */
function allowed(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' && 'options' in issue ? (issue.options as unknown[]).map(String) : [];
}

const KINDS: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  object: 'an object',
  record: 'an object',
};
const kindOf = (expected: string) => KINDS[expected] ?? `a ${expected}`;

const unit = (origin: string) => (origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '');

/**
 * What is wrong by the form that the value comes closest to. Where it comes close to none, all forms are named.
 * The issues of a branch have paths from the union on.
 */
function describeUnion(issue: UnionIssue, root: unknown): Problem[] {
  const value = at(root, issue.path);
  const branches = issue.errors.map((errors) => ({
    problems: errors.flatMap((e) => describe({ ...e, path: [...issue.path, ...e.path] }, root)),
    wrongType: errors.some((e) => e.code === 'invalid_type' && e.path.length === 0),
    ...shapeOf(errors, value),
  }));
  const [typed, ...moreTyped] = branches.filter((branch) => !branch.wrongType);
  if (typed && moreTyped.length === 0) return typed.problems;
  if (!typed) return [branches.map(({ problems }) => problems[0]!).reduce(orElse)];
  const least = Math.min(...branches.map(({ misfits }) => misfits));
  const closest = branches.filter(({ misfits }) => misfits === least);
  const shared = closest.find(({ unknown }) => unknown < keysOf(value).length);
  if (shared) return shared.problems;
  const forms = branches.map(({ needed }) => needed.join(' and ')).join(', or ');
  return [{ path: issue.path, message: `fits no form (allowed: ${forms})` }];
}

/** How far an object is from a branch's form: fields that it lacks, and fields that the form does not know. */
function shapeOf(errors: readonly Issue[], value: unknown): { misfits: number; unknown: number; needed: string[] } {
  const direct = errors.filter((e) => e.path.length === 1 && at(value, e.path) === undefined);
  const needed = direct.map((e) => showKey(e.path[0]!));
  const unknown = errors.flatMap((e) => (e.code === 'unrecognized_keys' && e.path.length === 0 ? e.keys : [])).length;
  return { misfits: needed.length + unknown, unknown, needed };
}

const keysOf = (value: unknown) => (value !== null && typeof value === 'object' ? Object.keys(value) : []);

/** `5 is not a string` and `5 is not a list` as one. */
function orElse(one: Problem, other: Problem): Problem {
  const NOT = ' is not ';
  const end = other.message.lastIndexOf(NOT);
  if (end < 0 || one.message.endsWith(other.message.slice(end))) return one;
  return { ...one, message: `${one.message} or ${other.message.slice(end + NOT.length)}` };
}

/** The value at a path. A text that was taken apart (`a,b` of a query) has no parts: it stands for each of them. */
function at(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value === 'string') return value;
    const there = value !== null && typeof value === 'object' && Object.hasOwn(value, key);
    return there ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }, root);
}
