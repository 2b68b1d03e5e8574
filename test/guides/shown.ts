/** What a page calls the folder that the reader is in. */
const HERE = '/path/to/orestes';

const DURATION = /\b(\d+h)?(\d+m)?\d+s\b|\b\d+h\d+m\b/g;
const NUMBER = /-?\d+(\.\d+)?(e[-+]?\d+)?[kMGTPE]?/g;

/** A line of output without what changes from run to run: figures, hashes, where the folder is, width of columns. */
function form(line: string, folder: string): string {
  return line
    .replaceAll(folder, HERE)
    .replace(' (cached)', '')
    .replace(/\b[0-9a-f]{12,64}\b/g, '#')
    .replace(DURATION, '#')
    .replace(NUMBER, '#')
    .replace(/-{2,}/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * The first line that a page shows and a command did not print after the lines above it, figures aside; or null.
 * @param folder that the command ran in
 */
export function missingLine(shown: readonly string[], output: string, folder: string): string | null {
  const printed = output.split('\n').map((line) => form(line, folder));
  let next = 0;
  for (const line of shown) {
    if (/^(\.\.\.)?$/.test(line.trim())) continue;
    const at = printed.indexOf(form(line, folder), next);
    if (at < 0) return line;
    next = at + 1;
  }
  return null;
}
