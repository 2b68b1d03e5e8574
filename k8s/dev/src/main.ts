// npm run cluster -- up | down | status: a Kubernetes of one's own on this machine.
import { readArguments, USAGE, type CommandName, type Arguments } from './commands/arguments.js';
import { down } from './commands/down.js';
import { keep, type Kept } from './commands/keep.js';
import { status } from './commands/status.js';
import { up } from './commands/up.js';
import { ClusterError, messageOf } from './errors.js';

const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 };

const commands = { up, down, status } satisfies Record<
  CommandName,
  (options: Arguments, signal: AbortSignal) => Promise<void>
>;

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === 'keep') {
    await keep(JSON.parse(rest[0] ?? '') as Kept);
    return process.exitCode === undefined ? EXIT.done : EXIT.failed;
  }
  if (first === '--help' || first === 'help') {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
  try {
    const options = readArguments(argv);
    await commands[options.command](options, interruption.signal);
    return EXIT.done;
  } catch (error) {
    if (interruption.signal.aborted) {
      process.stderr.write('interrupted\n');
      return EXIT.interrupted;
    }
    process.stderr.write(`${messageOf(error)}\n`);
    return error instanceof ClusterError && error.code === 'USAGE' ? EXIT.usage : EXIT.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
