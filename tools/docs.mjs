// npm run docs [-- --check]: writes what is made from the schemas, docs/spec.md, docs/api.md and the chart's CRD, or only says
// whether they are what the schemas give.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fail, root } from './steps.mjs';
import { prepare } from './setup.mjs';

const check = process.argv.includes('--check');
if (!check) await prepare();
const { FinetuneSpec, specFields, trainingJobDefinition } = await import('@orestes/contracts');
const { resolveFinetune } = await import('@orestes/trainer');
const { apiDocument } = await import('@orestes/api');
const { stringify } = await import('yaml');

const CRD = 'charts/orestes/crds/trainingjobs.orestes.dev.yaml';
const pages = {
  'docs/spec.md': specPage(),
  'docs/api.md': apiPage(await apiDocument()),
  [CRD]: definition(),
};
for (const [name, page] of Object.entries(pages)) {
  const file = path.join(root, name);
  if (!check) await mkdir(path.dirname(file), { recursive: true });
  if (!check) await writeFile(file, page);
  else if ((await read(file)) !== page) fail(`${name} is not what the schemas give (npm run docs)`);
}

/** '' where there is none. */
async function read(file) {
  return readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

/** A file, because helm and kubectl read a CustomResourceDefinition before anything of ours runs. */
function definition() {
  const options = { lineWidth: 140, aliasDuplicateObjects: false, singleQuote: true };
  return `# Generated from the specs' schemas by npm run docs.\n${stringify(trainingJobDefinition(), options)}`;
}

function specPage() {
  const introduction = `# The spec

A spec is a YAML or JSON document. Its field \`kind\` says which job it is. The first four run anywhere (\`orestes run\`, or a service); \`sweep\` and
\`pipeline\` are made of such jobs, and are submitted to a service, which also chooses an \`output\` that is left out. Unknown fields are refused by name. \`npx orestes run SPEC --set path=value\` puts a value over a field, by the paths below. Where addresses are asked for, a path, file:///path or
s3://bucket/prefix is meant. Runnable specs: [examples](../examples).

This page is made from the schemas by \`npm run docs\`; a test compares the two. \`{a,b}.c\` stands for the fields \`a.c\` and \`b.c\`. A default of
_recipe_ is the value of \`recipe\` and \`size\`: \`npx orestes recipes decoupled-optim\` shows them all.
`;
  const kinds = specFields(unset).map(
    ({ kind, meaning, fields }) =>
      `## ${kind}\n\n${meaning}\n\n${table(
        ['field', 'type', 'allowed', 'default', 'meaning'],
        fields.map((f) => [`\`${f.path}\``, f.type, f.allowed, f.default, f.meaning]),
      )}`,
  );
  return [introduction, ...kinds].join('\n');
}

/** What stands for an optional field that the schema has no default for. */
function unset(kind, field) {
  if (kind === 'pretrain') return '_recipe_';
  if (kind === 'finetune' && field.startsWith('optimizer.'))
    return `\`${finetuneDefaults().optimizer[field.slice('optimizer.'.length)]}\``;
  return '';
}

function finetuneDefaults() {
  const needed = { kind: 'finetune', name: 'x', checkpoint: 'x', output: 'x', task: { glue: 'cola', data: 'x' } };
  return resolveFinetune(FinetuneSpec.parse(needed));
}

function apiPage({ paths }) {
  const routes = Object.entries(paths).flatMap(([route, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route, method: method.toUpperCase(), ...operation })),
  );
  const tags = [...new Set(routes.map(({ tags: [tag] }) => tag))].sort();
  const introduction = `# The API

JSON over HTTP. Every route answers under \`/\` and, identical, under \`/v1/\`. The service itself has the same with every field at \`/docs\` (to try
out) and \`/openapi.json\` (OpenAPI 3.1). Errors are problem documents: [errors](errors.md#answers-of-the-service). Where keys are needed each request
has \`Authorization: Bearer KEY\`. Lists have \`items\` and \`next\`, the cursor of the next page. This page is made from the code by \`npm run docs\`.
`;
  const sections = tags.map((tag) => {
    const rows = routes
      .filter(({ tags: [own] }) => own === tag)
      .map((r) => [`\`${r.method} ${r.route}\``, meaning(r), parameters(r), answers(r)]);
    return `## ${tag}\n\n${table(['route', 'what it does', 'parameters', 'answers'], rows)}`;
  });
  return [introduction, ...sections].join('\n');
}

function meaning({ summary, description }) {
  return `${summary}.${description ? ` ${description}` : ''}`;
}

function parameters({ parameters: all = [] }) {
  return all
    .filter((p) => p.in !== 'path')
    .map((p) => `\`${p.name}\`${p.description ? `: ${p.description}` : ''}`)
    .join(' ');
}

function answers({ responses }) {
  return Object.keys(responses)
    .filter((status) => !['401', '403', '429', '500', '503'].includes(status))
    .join(', ');
}

/** A Markdown table as prettier lays it out. */
function table(header, rows) {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |\n`;
  return [line(cells[0]), line(widths.map((w) => '-'.repeat(w))), ...cells.slice(1).map(line)].join('');
}
