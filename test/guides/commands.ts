/** One command that a page tells its reader to run. */
export interface Command {
  /** 1-based, in the page. */
  line: number;
  text: string;
  /** What the page says it ends with. */
  exitCode: number;
  /** The page says to press Ctrl-C. */
  interrupted: boolean;
  /** The page says to leave it running. */
  background: boolean;
  /** Lines of output that the page shows; `...` stands for lines left out. */
  shown: string[];
}

interface Fence {
  language: string;
  /** Of its first line of content, 1-based. */
  line: number;
  lines: string[];
}

/**
 * The commands of a page's `sh` blocks, in order. A `text` block right after one shows what its last command prints. A
 * comment behind a command may say `exit code N`, `Ctrl-C` or `leave it running`.
 */
export function commandsOf(markdown: string): Command[] {
  const commands: Command[] = [];
  for (const fence of fencesOf(markdown)) {
    if (fence.language === 'sh') commands.push(...shellCommands(fence));
    if (fence.language === 'text' && commands.length > 0) commands.at(-1)!.shown = fence.lines;
  }
  return commands;
}

function fencesOf(markdown: string): Fence[] {
  const fences: Fence[] = [];
  let open: Fence | null = null;
  markdown.split('\n').forEach((text, i) => {
    const mark = /^```(\w*)\s*$/.exec(text);
    if (!mark) open?.lines.push(text);
    else if (open) open = null;
    else fences.push((open = { language: mark[1]!, line: i + 2, lines: [] }));
  });
  return fences;
}

function shellCommands({ line, lines }: Fence): Command[] {
  const commands: Command[] = [];
  let begun = '';
  lines.forEach((text, i) => {
    begun += text;
    if (begun.endsWith('\\')) begun = begun.slice(0, -1);
    else {
      const [command = '', comment = ''] = begun.split(/(?:^|\s+)#\s/);
      if (command.trim() !== '')
        commands.push({ line: line + i, text: command.trim(), ...expected(comment), shown: [] });
      begun = '';
    }
  });
  return commands;
}

function expected(comment: string): Pick<Command, 'exitCode' | 'interrupted' | 'background'> {
  const interrupted = comment.startsWith('Ctrl-C');
  const background = comment.startsWith('leave it running');
  return { interrupted, background, exitCode: Number(/exit code (\d+)/.exec(comment)?.[1] ?? (interrupted ? 130 : 0)) };
}
