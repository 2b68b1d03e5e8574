import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './repository.js';

/** A folder in which a reader's commands find what they would find in the repository, and write beside it. */
export function workingFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'orestes-guides-')));
  chmodSync(folder, 0o755); // for the account that runs PostgreSQL where tests run as root
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(ROOT, 'examples'), join(folder, 'examples'), { recursive: true });
  standInForCola(join(folder, 'data', 'CoLA'));
  return folder;
}

/** Files in the form of CoLA's, which is not ours to hand out: source, label, author's mark, sentence. */
function standInForCola(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [from, to] of [
    ['train.tsv', 'train.tsv'],
    ['validation.tsv', 'dev.tsv'],
  ] as const) {
    const [, ...rows] = readFileSync(join(ROOT, 'examples', 'data', from), 'utf8')
      .trimEnd()
      .split('\n');
    const lines = rows.map((row) => {
      const [sentence, label] = row.split('\t');
      return `test\t${label === 'indoors' ? 1 : 0}\t\t${sentence}\n`;
    });
    writeFileSync(join(folder, to), lines.join(''));
  }
}
