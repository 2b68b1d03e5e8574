// npm run orestes -- COMMAND: the command line, installed and compiled first where that is still to be done.
import { run } from './steps.mjs';
import { prepareEngine } from './setup.mjs';

await prepareEngine();
process.exitCode = await run(process.execPath, ['apps/cli/bin/orestes.mjs', ...process.argv.slice(2)]);
