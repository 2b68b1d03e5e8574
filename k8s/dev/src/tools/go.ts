import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { goEnvironment } from '../config.js';
import { ClusterError, messageOf } from '../errors.js';

/** The newest `go` line among the modules under go/. */
export const NEEDED_GO = { major: 1, minor: 26 };

const PLACES = ['go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go'];

/** Tries one `go` command. @returns what it answers to `go env GOVERSION`, or null: there is none */
export type AskVersion = (command: string) => string | null;

const askVersion: AskVersion = (command) => {
  const { status, stdout } = spawnSync(command, ['env', 'GOVERSION'], { encoding: 'utf8', env: goEnvironment() });
  return status === 0 ? stdout.trim() : null;
};

/**
 * A Go command that can build the programs.
 * @throws ClusterError TOOL_MISSING, naming what is needed
 */
export function findGo(ask: AskVersion = askVersion): string {
  const found = PLACES.map((command) => ({ command, version: ask(command) })).filter((go) => go.version !== null);
  const go = found.find(({ version }) => isNewEnough(version ?? ''));
  if (go) return go.command;
  const [other] = found;
  const problem = other ? `${other.command} is ${other.version}, too old` : 'there is no Go on this machine';
  throw new ClusterError(
    'TOOL_MISSING',
    `building Kubernetes needs Go ${NEEDED_GO.major}.${NEEDED_GO.minor} or later (https://go.dev/dl): ${problem}`,
  );
}

/** Why there is no Go that can build the programs; null: there is one. */
export function whyNoGo(): string | null {
  try {
    findGo();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Names of the files that a module's program is built from, in order. */
export const sourcesIn = (module: string): string[] =>
  readdirSync(module)
    .filter((file) => /^go\.(mod|sum)$|\.go$/.test(file))
    .sort();

function isNewEnough(version: string): boolean {
  const [, major, minor] = (/^go(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  if (major === undefined || minor === undefined) return version.startsWith('devel');
  return major > NEEDED_GO.major || (major === NEEDED_GO.major && minor >= NEEDED_GO.minor);
}
