// npm start [-- options of orestes serve]: the service on this machine, its data in the folder orestes-data.
import { run } from './steps.mjs';
import { prepareEngine } from './setup.mjs';

await prepareEngine();
process.exitCode = await run(process.execPath, ['apps/cli/bin/orestes.mjs', 'serve', ...process.argv.slice(2)]);
