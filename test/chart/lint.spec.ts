import { beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildModule, whyNoModule } from '@orestes/dev-cluster';
import { describeUnless } from '@orestes/dev-cluster/testing';
import { helm, RELEASE, VALUES, withFile } from './chart.js';

const LINTER = fileURLToPath(new URL('linter', import.meta.url));
const BUILD_MS = 600_000;

/** What kube-score asks for and the chart does not do, and why. */
const IGNORED = {
  'container-resources': ['--ignore-container-cpu-limit'], // a limit slows down what the node has time for
  'container-image-pull-policy': ['--ignore-test', 'container-image-pull-policy'], // tags are of releases, or there are digests
};

const EXCEPTIONS = [
  // Their pods are made by the operator, not by the chart.
  "NetworkPolicy orestes-worker: The NetworkPolicys selector doesn't match any pods",
  // The official image's user.
  'StatefulSet orestes-postgresql: The container is running with a low user ID',
  'StatefulSet orestes-postgresql: The container running with a low group ID',
];

interface Scored {
  type_meta: { kind: string };
  object_meta: { name: string };
  checks: { grade: number; skipped: boolean; comments: { summary: string }[] | null }[];
}

/** Of kube-score's grades. */
const CRITICAL = 1;

describeUnless(whyNoModule(LINTER), 'kube-score', () => {
  let program = '';
  const excepted = new Set<string>();
  beforeAll(async () => {
    const what = 'github.com/zegl/kube-score/cmd/kube-score';
    program = await buildModule(LINTER, (line) => process.stderr.write(`${line}\n`), what);
  }, BUILD_MS);

  function critical(manifests: string): string[] {
    const args = ['score', '--output-format', 'json', ...Object.values(IGNORED).flat(), '-'];
    const { stdout } = spawnSync(program, args, { input: manifests, encoding: 'utf8', maxBuffer: 1 << 26 });
    return (JSON.parse(stdout) as Scored[]).flatMap(({ type_meta: { kind }, object_meta: { name }, checks }) =>
      checks
        .filter(({ grade, skipped }) => grade === CRITICAL && !skipped)
        .flatMap(({ comments }) => (comments ?? []).map(({ summary }) => `${kind} ${name}: ${summary}`)),
    );
  }

  it.each(VALUES)('finds nothing critical in what the chart makes of %s', async (file) => {
    const found = critical(await helm('template', ...RELEASE, ...withFile(file)));
    expect(found.filter((each) => !EXCEPTIONS.includes(each))).toEqual([]);
    found.forEach((each) => excepted.add(each));
  });

  it('needs each of its exceptions', () => {
    expect([...excepted].sort()).toEqual([...EXCEPTIONS].sort());
  });

  it('finds what is wrong', async () => {
    const manifests = await helm('template', ...RELEASE, ...withFile('values-kind.yaml'));
    const writable = manifests.replaceAll('readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false');
    expect(critical(writable)).toContain(
      'Deployment orestes-api: The pod has a container with a writable root filesystem',
    );
  });
});
