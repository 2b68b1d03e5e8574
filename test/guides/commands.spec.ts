import { describe, expect, it } from '@jest/globals';
import { commandsOf } from './commands.js';

const page = (...lines: string[]) => lines.join('\n').replaceAll("'''", '```');

describe('commandsOf', () => {
  it('finds commands, what they end with and what they show', () => {
    const found = commandsOf(
      page(
        'Text',
        "'''sh",
        'one --a  # a comment',
        '# nothing but a comment',
        'two \\',
        '  --b # exit code 2',
        "'''",
        "'''text",
        'shown',
        "'''",
        "'''yaml",
        'kind: corpus # no command',
        "'''",
        "'''sh",
        'three#not-a-comment # Ctrl-C',
        'four # leave it running',
        "'''",
      ),
    );
    expect(found).toEqual([
      { line: 3, text: 'one --a', exitCode: 0, interrupted: false, background: false, shown: [] },
      { line: 6, text: 'two   --b', exitCode: 2, interrupted: false, background: false, shown: ['shown'] },
      { line: 15, text: 'three#not-a-comment', exitCode: 130, interrupted: true, background: false, shown: [] },
      { line: 16, text: 'four', exitCode: 0, interrupted: false, background: true, shown: [] },
    ]);
  });
});
