import type { Command } from 'commander';
import { print } from '../output.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];
export const shells: readonly string[] = SHELLS;

interface Word {
  name: string;
  summary: string;
  options: string[];
  children: string[];
}

/** A script that completes commands and options in the shell. */
export function completion(shell: Shell, program: Command): void {
  print(scripts[shell](wordsOf(program)));
}

const wordsOf = (program: Command): Word[] =>
  program.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    options: [...command.options, ...command.commands.flatMap((c) => c.options)].flatMap(({ long }) =>
      long ? [long] : [],
    ),
    children: command.commands.map((c) => c.name()),
  }));

const following = ({ options, children }: Word) => [...children, ...new Set(options)].join(' ');

function bash(words: Word[]): string {
  const cases = words.map((word) => `    ${word.name}) words="${following(word)}" ;;`).join('\n');
  return `_orestes() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  case "\${COMP_WORDS[1]}" in
${cases}
    *) words="" ;;
  esac
  [ "$COMP_CWORD" = 1 ] && words="${words.map(({ name }) => name).join(' ')} --help --version"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _orestes orestes`;
}

const zsh = (words: Word[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;

const fish = (words: Word[]): string =>
  words
    .flatMap((word) => [
      `complete -c orestes -n __fish_use_subcommand -a ${word.name} -d '${word.summary.replaceAll("'", "\\'")}'`,
      ...following(word)
        .split(' ')
        .filter(Boolean)
        .map((next) => `complete -c orestes -n '__fish_seen_subcommand_from ${word.name}' -a '${next}'`),
    ])
    .join('\n');

const scripts = { bash, zsh, fish } satisfies Record<Shell, (words: Word[]) => string>;
