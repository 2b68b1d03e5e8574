// Installs the S3 server that the tests run against, by `go install` at a pinned version, and prints the binary's path.
// Does nothing when it is there. Exits with 1 and one line of reason on stderr when it cannot be installed.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '1.8.0';
const PACKAGE = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
/** versitygw's go.mod asks for this Go; an older one fetches it as a module, checked against Go's checksum database. */
const TOOLCHAIN = '1.25.0';

const tools = fileURLToPath(new URL('../.cache/tools/', import.meta.url));
const binary = join(tools, `versitygw-${VERSION}`);

try {
  if (!existsSync(binary)) install();
  console.log(binary);
} catch (error) {
  console.error(`versitygw ${VERSION} cannot be installed: ${error.message}`);
  process.exitCode = 1;
}

function install() {
  const go = recentGo();
  mkdirSync(tools, { recursive: true });
  const folder = mkdtempSync(join(tools, '.versitygw-'));
  try {
    console.error(`building versitygw ${VERSION} (about 3 minutes, once)`);
    run(go, ['install', '-ldflags=-s -w', PACKAGE], { GOBIN: folder, GOTOOLCHAIN: 'auto' });
    renameSync(join(folder, 'versitygw'), binary);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A Go command that can build the package: the machine's, or one that an old Go downloads. */
function recentGo() {
  const go = ['go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go'].find(
    (path) => spawnSync(path, ['version']).status === 0,
  );
  if (!go) throw new Error('there is no Go on this machine (any version; `apt-get install golang-go` on Debian)');
  const version = /go(\d+)\.(\d+)/.exec(run(go, ['version']));
  // From 1.21 on Go switches to the toolchain that a module needs by itself.
  if (Number(version?.[2]) >= 21 || Number(version?.[1]) > 1) return go;
  const { GOOS, GOARCH } = JSON.parse(run(go, ['env', '-json', 'GOOS', 'GOARCH']));
  const { Dir } = JSON.parse(
    run(go, ['mod', 'download', '-json', `golang.org/toolchain@v0.0.1-go${TOOLCHAIN}.${GOOS}-${GOARCH}`]),
  );
  // A module's files are not executable; a toolchain's programs must be.
  const programs = [join(Dir, 'bin'), join(Dir, 'pkg', 'tool', `${GOOS}_${GOARCH}`)];
  for (const folder of programs) for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o755);
  return join(Dir, 'bin', 'go');
}

function run(command, args, env = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  return stdout;
}
