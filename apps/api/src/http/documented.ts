import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiExtension,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { ProblemDocument } from '@orestes/contracts';
import { z } from 'zod';

interface Documentation {
  tag: string;
  summary: string;
  description?: string;
  /** Path parameters that are ids. */
  ids?: readonly string[];
  query?: z.ZodObject;
  headers?: Readonly<Record<string, string>>;
  body?: { schema: z.ZodType; examples?: Readonly<Record<string, unknown>>; optional?: boolean };
  /** Of what is not an error: a schema of JSON, or what the text is. */
  answers: Readonly<Record<number, z.ZodType | Readonly<Record<string, z.ZodType | 'text'>>>>;
  /** Statuses of errors beside those that any route has. */
  problems?: readonly number[];
}

/** Any route may answer so. */
const ALWAYS = [400, 401, 403, 429, 500, 503];

const MEANINGS: Record<number, string> = {
  200: 'Done.',
  201: 'Made.',
  202: 'Taken: it is in the queue.',
  204: 'Done.',
  304: 'Not changed since.',
  400: 'The request is wrong; `errors` names each field.',
  401: 'A key is missing, wrong or revoked.',
  403: 'Not allowed from here.',
  404: 'There is none, or it is of another project.',
  409: 'It can not be done as things stand.',
  413: 'The body is too large.',
  415: 'The body is not application/json.',
  422: 'It can not be done: the Idempotency-Key was used for another spec, or the spec names what it may not or can not use.',
  429: 'Too many requests: after Retry-After seconds again.',
  500: 'An error of the service.',
  503: 'The database, or what tells who calls, is away: after Retry-After seconds again.',
};

/** What /openapi.json says of a route, from the schemas that the code parses by. */
export function Documented(route: Documentation): MethodDecorator {
  const { tag, summary, description, ids = [], query, headers = {}, body, answers, problems = [] } = route;
  const statuses = [...ALWAYS, ...(ids.length > 0 ? [404] : []), ...(body ? [413, 415] : []), ...problems];
  return applyDecorators(
    ApiTags(tag),
    ApiOperation({ summary, ...(description !== undefined && { description }) }),
    ...ids.map((name) => ApiParam({ name, schema: { type: 'string', format: 'uuid' } })),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => queryParameter(name, schema as z.ZodType)),
    ...Object.entries(headers).map(([name, text]) =>
      ApiHeader({ name, required: false, description: text, schema: { type: 'string' } }),
    ),
    ...(body ? [bodyOf(body)] : []),
    ...Object.entries(answers).map(([status, content]) => answerOf(Number(status), content)),
    ...[...new Set(statuses)].map((status) => answerOf(status, { 'application/problem+json': ProblemDocument })),
    ApiExtension('x-versions', ['/', '/v1/']),
  );
}

function queryParameter(name: string, schema: z.ZodType): MethodDecorator {
  const json = schemaOf(schema, 'input') as { description?: string };
  const description = json.description ?? '';
  return ApiQuery({ name, required: !schema.safeParse(undefined).success, description, schema: json as object });
}

function bodyOf({ schema, examples = {}, optional = false }: NonNullable<Documentation['body']>): MethodDecorator {
  const shown = Object.entries(examples).map(([name, value]) => [name, { summary: name, value }] as const);
  return ApiBody({ required: !optional, schema: schemaOf(schema, 'input'), examples: Object.fromEntries(shown) });
}

function answerOf(status: number, content: Documentation['answers'][number]): MethodDecorator {
  const description = MEANINGS[status] ?? '';
  if (status === 204 || status === 304) return ApiResponse({ status, description });
  const types = content instanceof z.ZodType ? { 'application/json': content } : content;
  const described = Object.entries(types).map(([type, schema]) => {
    return [type, { schema: schema === 'text' ? { type: 'string' } : schemaOf(schema, 'output') }] as const;
  });
  return ApiResponse({ status, description, content: Object.fromEntries(described) });
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return json;
}
