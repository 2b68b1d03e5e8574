import { UserError } from '@orestes/contracts';
import { Lexer, parseDocument as parseYaml, Parser } from 'yaml';

/** Deeper text is no spec, and would overflow the stack of those who read it by recursion. */
const DEEPEST = 64;

/**
 * A value written in YAML or JSON.
 * @param where what the text is called in messages
 * @throws UserError SPEC_UNREADABLE
 */
export function parseValue(text: string, where: string): unknown {
  const refuse = (why: string, cause?: unknown) => new UserError('SPEC_UNREADABLE', `${where}: ${why}`, { cause });
  if (deeperThan(DEEPEST, text)) throw refuse(`nested more than ${DEEPEST} deep, which no spec is`);
  const document = parseYaml(text, { logLevel: 'error' });
  const [problem] = document.errors;
  if (problem) throw refuse(`not YAML or JSON: ${problem.message.split('\n')[0]!.replace(/:$/, '')}`);
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (e) {
    throw refuse('an alias (*name) stands for a value; write the value out, or set it by --set', e);
  }
}

/** The tokens tell the depth without recursion. */
function deeperThan(limit: number, text: string): boolean {
  const parser = new Parser();
  for (const token of new Lexer().lex(text)) {
    Array.from(parser.next(token)); // a generator works while it is read
    if (parser.stack.length > limit) return true;
  }
  return false;
}
