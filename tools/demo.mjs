// npm run demo: from a fresh clone to a table of scores.
import { run } from './steps.mjs';
import { prepareEngine } from './setup.mjs';

await prepareEngine();
process.exitCode = await run(process.execPath, ['apps/demo/dist/main.js', ...process.argv.slice(2)]);
