import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { collect, lazy, positive, SPEC, type NewCommand } from './arguments.js';
import { shells } from './commands/completion.js';

const DEFAULT_SERVER = 'http://localhost:7350';
const JOB = "a job's id, or its name: the newest job of that name";

const port = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError('a whole number from 0 to 65535 is needed (0: any free port).');
  return value;
};

/** Commands that serve, and those that ask a service. */
export function addServiceCommands(cli: Command, command: NewCommand): void {
  const asking = (parent: Command, usage: string, summary: string): Command =>
    command(parent, usage, summary).addOption(
      new Option('--server <address>', 'where the service answers').env('ORESTES_SERVER').default(DEFAULT_SERVER),
    );
  const ofJob = (usage: string, summary: string): Command =>
    asking(cli, `${usage} <job>`, summary).addHelpText('after', `\n<job>: ${JOB}`);

  cli
    .command('serve')
    .description('the service: API, page, database and workers on this machine')
    .option('--data <folder>', 'database, outputs and logs (default: orestes-data, or ORESTES_DATA)')
    .option('--host <address>', 'where to listen; beyond this machine every request needs a key (default: 127.0.0.1)')
    .option('--port <n>', 'default: 7350; 0: any free one', port)
    .option('--slots <n>', 'workers at a time (default: 1)', positive)
    .option('--outputs <address>', 'where outputs go that a spec does not name: a folder or s3://bucket/prefix')
    .option(
      '--allow <address>',
      'with keys: specs may name what lies there (repeatable)',
      (root: string, all: string[] = []) => [...all, root],
    )
    .option('--keys', 'every request needs a key, on this machine too')
    .action(lazy(async () => (await import('./commands/serve.js')).serve));

  asking(cli, 'submit <spec>', 'submit a job')
    .addHelpText('after', `\n<spec>: ${SPEC}`)
    .option('--set <path=value>', 'put a value over what the spec says (repeatable)', collect, [])
    .option('--follow', 'show how it goes; the exit code is its outcome', false)
    .option('--wait', 'wait in silence; the exit code is its outcome', false)
    .option('--dry-run', 'the plan alone', false)
    .option('--idempotency-key <key>', 'the same key and spec give the same job')
    .action(lazy(async () => (await import('./commands/submit.js')).submit));
  asking(cli, 'list', 'the newest jobs')
    .option('--state <states>', 'of these states alone, with commas')
    .option('--kind <kinds>', 'of these kinds alone, with commas')
    .option('--label <name=value>', 'with this label (repeatable)', collect, [])
    .option('--limit <n>', 'so many at most', positive, 20)
    .option('--all', 'jobs of sweeps and pipelines, too', false)
    .action(lazy(async () => (await import('./commands/jobs.js')).list));
  ofJob('get', 'one job, and why it is in its state').action(
    lazy(async () => (await import('./commands/jobs.js')).get),
  );

  const follow = ['-f, --follow', 'go on until the job has ended', false] as const;
  ofJob('logs', "its workers' log")
    .option(...follow)
    .action(lazy(async () => (await import('./commands/history.js')).logs));
  ofJob('events', 'what happened to it')
    .option(...follow)
    .action(lazy(async () => (await import('./commands/history.js')).events));
  ofJob('metrics', 'losses, rates, scores')
    .option(...follow)
    .action(lazy(async () => (await import('./commands/history.js')).metrics));

  ofJob('cancel', 'end it, and its children').action(lazy(async () => (await import('./commands/requests.js')).cancel));
  ofJob('suspend', 'let it save and stop').action(lazy(async () => (await import('./commands/requests.js')).suspend));
  ofJob('resume', 'queue it again').action(lazy(async () => (await import('./commands/requests.js')).resume));
  ofJob('retry', 'a new job that goes on where it failed')
    .option('--follow', 'show how it goes; the exit code is its outcome', false)
    .action(lazy(async () => (await import('./commands/requests.js')).retry));

  asking(cli, 'leaderboard', 'who is best')
    .addOption(new Option('--suite <name>', 'glue, or every task').choices(['glue', 'all']).default('glue'))
    .addOption(new Option('--format <name>').choices(['markdown', 'csv', 'latex', 'json']).default('markdown'))
    .action(lazy(async () => (await import('./commands/leaderboard.js')).leaderboard));

  const keys = cli.command('keys').description('API keys');
  asking(keys, 'create <name>', 'make a key; it is shown once')
    .option('--project <name>', "of another project than the asking key's; keys of the project default may")
    .action(lazy(async () => (await import('./commands/keys.js')).createKey));
  asking(keys, 'list', "the project's keys").action(lazy(async () => (await import('./commands/keys.js')).listKeys));
  asking(keys, 'revoke <id>', 'end a key').action(lazy(async () => (await import('./commands/keys.js')).revokeKey));

  cli
    .command('completion')
    .description('a script for the shell: source <(orestes completion bash)')
    .addArgument(new Argument('<shell>').choices([...shells]))
    .action(async (shell: 'bash' | 'zsh' | 'fish') =>
      (await import('./commands/completion.js')).completion(shell, cli),
    );
}
