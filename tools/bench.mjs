// npm run bench -- NAME [options]: the benchmarks under test/bench, with what they need.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { EXIT, fail, root, run } from './steps.mjs';
import { prepareEngine } from './setup.mjs';

const names = readdirSync(path.join(root, 'test', 'bench'))
  .filter((f) => f.endsWith('.ts') && !f.endsWith('.spec.ts'))
  .map((f) => path.basename(f, '.ts'));
const [name, ...rest] = process.argv.slice(2);
if (!name || !names.includes(name))
  fail(`bench: ${name ?? 'no name given'} (allowed: ${names.join(', ')})`, EXIT.usage);
await prepareEngine();
process.exitCode = await run(process.execPath, [path.join('test', 'dist', 'bench', `${name}.js`), ...rest]);
