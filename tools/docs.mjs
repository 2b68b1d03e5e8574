// npm run docs [-- --check]: writes docs/spec.md from the schemas, or only says whether it is what they give.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fail, root } from './steps.mjs';
import { prepare } from './setup.mjs';

const check = process.argv.includes('--check');
if (!check) await prepare();
const { FinetuneSpec, specFields } = await import('@orestes/contracts');
const { resolveFinetune } = await import('@orestes/trainer');

const file = path.join(root, 'docs', 'spec.md');
const page = specPage();
if (!check) await writeFile(file, page);
else if ((await readFile(file, 'utf8')) !== page) fail('docs/spec.md is not what the schemas give (npm run docs)');

function specPage() {
  const introduction = `# The spec

A spec is a YAML or JSON document. Its field \`kind\` says which job it is: \`corpus\`, \`pretrain\`, \`finetune\` or \`evaluate\`. Unknown fields are refused
by name. \`npx orestes run SPEC --set path=value\` puts a value over a field, by the paths below. Where addresses are asked for, a path, file:///path or
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

/** A Markdown table as prettier lays it out. */
function table(header, rows) {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |\n`;
  return [line(cells[0]), line(widths.map((w) => '-'.repeat(w))), ...cells.slice(1).map(line)].join('');
}
