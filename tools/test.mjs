// npm test [-- PATTERN ...]: everything that CI checks. With patterns, only the test files that match.
import { EXIT, run } from './steps.mjs';
import { prepareEngine } from './setup.mjs';

const bin = (name) => `node_modules/${name}`;
const node = (args) => run(process.execPath, args);
const patterns = process.argv.slice(2);

await prepareEngine(); // compiles, which checks the types
const checks = [
  ['eslint', [bin('eslint/bin/eslint.js'), '.']],
  ['prettier', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
];
for (const [name, args] of patterns.length > 0 ? [] : checks) {
  process.stderr.write(`${name} ...\n`);
  const code = await node(args);
  if (code !== EXIT.done) process.exit(code);
}
// Built before the tests, which it would slow down: minutes, once.
if (patterns.length === 0) {
  const { prepareBinaries, prepareClients, whyNoCluster } = await import('@orestes/dev-cluster');
  const say = (line) => process.stderr.write(`${line}\n`);
  // Where that fails, the suites that need them tell it too.
  if (whyNoCluster() === null)
    await Promise.all([prepareBinaries(say), prepareClients(say)]).catch((error) => say(error.message));
}
process.exitCode = await node([bin('jest/bin/jest.js'), ...patterns]);
