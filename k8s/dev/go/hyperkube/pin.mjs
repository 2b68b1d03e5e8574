// node pin.mjs 1.35.4: writes go.mod for a version of Kubernetes. Its own go.mod replaces the k8s.io modules by folders of its
// repository, which only its main module may do: here they are replaced by their releases. `go build -mod=mod` writes go.sum.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

const [version] = process.argv.slice(2);
if (!/^1\.\d+\.\d+$/.test(version ?? '')) {
  process.stderr.write(`pin: ${version ?? 'no version'} (needed: a version of Kubernetes, such as 1.35.4)\n`);
  process.exit(2);
}

const go = (...args) => {
  const { status, error, stdout, stderr } = spawnSync('go', args, { encoding: 'utf8', cwd: import.meta.dirname });
  if (status !== 0) throw new Error(`go ${args.join(' ')}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
};

rmSync(new URL('go.mod', import.meta.url), { force: true });
rmSync(new URL('go.sum', import.meta.url), { force: true });
const { GoMod } = go('mod', 'download', '-json', `k8s.io/kubernetes@v${version}`);
const upstream = go('mod', 'edit', '-json', GoMod);
const release = `v0.${version.slice('1.'.length)}`; // v0.35.4 goes with 1.35.4
const staged = new Set(upstream.Replace.filter((r) => r.New.Path.startsWith('./staging/')).map((r) => r.Old.Path));
const others = upstream.Replace.filter((r) => !staged.has(r.Old.Path));
if (others.length > 0) throw new Error(`replaced in a way that is new: ${others.map((r) => r.Old.Path).join(', ')}`);

const required = upstream.Require.map(({ Path, Version }) => [Path, staged.has(Path) ? release : Version]);
writeFileSync(
  new URL('go.mod', import.meta.url),
  `// Written by: node pin.mjs ${version}
module orestes.dev/cluster/hyperkube

go ${upstream.Go}

${(upstream.Godebug ?? []).map(({ Key, Value }) => `godebug ${Key}=${Value}`).join('\n')}

require k8s.io/kubernetes v${version}

require (
${required.map(([name, at]) => `\t${name} ${at} // indirect`).join('\n')}
)

replace (
${[...staged].map((name) => `\t${name} => ${name} ${release}`).join('\n')}
)
`,
);
