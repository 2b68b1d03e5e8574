// npm run test:cluster: the chart on real nodes of this machine, with images of its own; as root. Installs Debian's packages that it needs.
import { fail, quietly, run } from './steps.mjs';
import { prepareEngine } from './setup.mjs';

await prepareEngine();
const { missingPackages, prepareBinaries, prepareClients, prepareImages, whyNoNodes, WITH_NODES } =
  await import('@orestes/dev-cluster');
const missing = missingPackages();
if (missing.length > 0 && process.getuid?.() === 0) {
  await quietly('updating the list of packages', 'apt-get', ['update', '-qq']);
  await quietly(`installing ${missing.join(' ')}`, 'apt-get', [
    'install',
    '-y',
    '-qq',
    '--no-install-recommends',
    ...missing,
  ]);
}
const reason = whyNoNodes();
if (reason !== null) fail(`test:cluster: ${reason}`);

const say = (line) => process.stderr.write(`${line}\n`);
try {
  await prepareClients(say);
  await prepareBinaries(say, WITH_NODES);
  await prepareImages(say);
} catch (error) {
  fail(error.message);
}
process.exitCode = await run(process.execPath, ['node_modules/jest/bin/jest.js', 'test/real-nodes', '--runInBand'], {
  env: { ...process.env, ORESTES_TEST_NODES: '1' },
});
