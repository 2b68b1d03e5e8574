// What the entry points share: running a command, and knowing whether a step has been done for these very files.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 };

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node ${process.versions.node} is too old (needed: 20.19 or later)`);

/** Says what went wrong in one line, and ends the process. */
export function fail(message, code = EXIT.failed) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/**
 * Runs a command with this terminal. Ctrl-C reaches the child by itself: here it only waits for the child to end.
 * @returns {Promise<number>} the exit code; 130 when a signal ended it
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    const wait = () => undefined;
    const pass = () => child.kill('SIGTERM');
    process.on('SIGINT', wait).on('SIGTERM', pass);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', wait).off('SIGTERM', pass);
      resolve(signal ? EXIT.interrupted : (code ?? EXIT.failed));
    });
  });
}

/** Runs a command quietly; its output is shown only when it fails. */
export async function quietly(title, command, args, options = {}) {
  process.stderr.write(`${title} ...\n`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const output = [];
  child.stdout.on('data', (d) => output.push(d));
  child.stderr.on('data', (d) => output.push(d));
  const code = await new Promise((resolve) => child.once('error', (e) => resolve(String(e))).once('close', resolve));
  if (code !== 0) fail(`${Buffer.concat(output).toString()}\n${title}: failed (${command} ${args.join(' ')}: ${code})`);
}

/** All files below a folder, but those of some folders in it; paths from the root. */
export const filesIn = (folder, without) =>
  readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !without.includes(name))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? filesIn(file, without) : [file];
    })
    .sort();

const digest = (files) => {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) hash.update(readFileSync(path.join(root, file)));
  return hash.digest('hex');
};

/** Does `step` unless it was done before with the same content of `files`, and `product` is still there. */
export async function once(name, product, files, step) {
  const stamp = path.join(root, 'node_modules', '.orestes', name);
  const wanted = digest(files);
  if (existsSync(path.join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await step();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}
