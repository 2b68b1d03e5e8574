// npm run cluster -- up | down | status: a Kubernetes with simulated GPU nodes on this machine.
import { run } from './steps.mjs';
import { prepare } from './setup.mjs';

await prepare();
process.exitCode = await run(process.execPath, ['k8s/dev/dist/main.js', ...process.argv.slice(2)]);
