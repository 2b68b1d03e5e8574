import { Command, CommanderError } from 'commander';
import { UserError } from '@orestes/contracts';
import { collect, lazy, positive, SPEC, type NewCommand } from './arguments.js';
import { EXIT, reportFailure } from './output.js';
import { addServiceCommands } from './service-commands.js';
import { outputClosed } from './stop.js';

/** The command line. Each command is one file under commands/. */
export function program(): Command {
  const cli = new Command('orestes')
    .description('Trains ELECTRA-style text encoders with decoupled optimizers.')
    .version('0.1.0')
    .exitOverride()
    .configureOutput({ outputError: () => undefined }); // told by main, as every other error
  const command: NewCommand = (parent, usage, summary) =>
    parent.command(usage).description(summary).option('--json', 'one JSON document a line, for programs', false);

  command(cli, 'run <spec>', 'run a corpus, pretrain, finetune or evaluate job in this process')
    .addHelpText('after', `\n<spec>: ${SPEC}`)
    .option('--set <path=value>', 'put a value over what the spec says (repeatable)', collect, [])
    .action(lazy(async () => (await import('./commands/run.js')).run));
  command(cli, 'plan <spec>', 'what a pretraining would train and cost, without running it')
    .addHelpText('after', `\n<spec>: ${SPEC}`)
    .option('--set <path=value>', 'put a value over what the spec says (repeatable)', collect, [])
    .action(lazy(async () => (await import('./commands/plan.js')).plan));
  addServiceCommands(cli, command);
  command(cli, 'recipes [name]', 'the named recipes, or every value of one').action(
    lazy(async () => (await import('./commands/recipes.js')).showRecipes),
  );
  command(cli, 'describe', 'the engine, devices and versions of this machine')
    .option('--engine <name>', 'xla, tfjs-node, tfjs-node-gpu, wasm or cpu', 'xla')
    .option('--device <name>', 'cpu or cuda', 'cpu')
    .action(lazy(async () => (await import('./commands/describe.js')).describe));
  command(cli, 'reproduce <name>', "one of the paper's claims, in its toy form")
    .option('--output <folder>', 'where the page, the CSV and the plot go', 'docs/reproduction')
    .option('--seeds <n>', 'runs of each point', positive, 3)
    .option('--steps <n>', 'training steps of each run', positive)
    .option('--quick', 'a minute instead of many, and less to see', false)
    .action(lazy(async () => (await import('./commands/reproduce.js')).reproduce));
  const corpus = cli.command('corpus').description('look at a corpus');
  command(corpus, 'inspect <address>', 'what a corpus holds').action(
    lazy(async () => (await import('./commands/corpus-inspect.js')).corpusInspect),
  );
  const checkpoint = cli.command('checkpoint').description('look at a checkpoint');
  command(checkpoint, 'inspect <address>', 'what a checkpoint, or the newest of a run, holds; every part verified')
    .option('--tensors', 'every tensor, not only the groups', false)
    .action(lazy(async () => (await import('./commands/checkpoint-inspect.js')).checkpointInspect));
  return cli;
}

/** @returns the exit code: 0 done, 1 failed, 2 a mistake in the command, a spec or a file, 130 interrupted */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(argv, { from: 'user' });
    return EXIT.done;
  } catch (e) {
    if (!(e instanceof CommanderError)) return reportFailure(e, argv.includes('--json'));
    if (!e.message.startsWith('error: ')) return e.exitCode === 0 ? EXIT.done : EXIT.usage; // help, which is written
    const why = `${e.message.slice('error: '.length)} (orestes --help shows what is allowed)`;
    return reportFailure(new UserError('USAGE', why, { cause: e }), argv.includes('--json'));
  }
}

/** A reader that has seen enough (orestes ... | head) ends what only shows something; a job stops as by a signal. */
let jobStopped = false;
function onPipe(e: NodeJS.ErrnoException): void {
  if (e.code !== 'EPIPE') throw e;
  jobStopped ||= outputClosed(); // true where a job listens; its last words find nobody either
  if (!jobStopped) process.exit(EXIT.done);
}
process.stdout.on('error', onPipe);
process.stderr.on('error', onPipe);
process.exitCode = await main(process.argv.slice(2));
