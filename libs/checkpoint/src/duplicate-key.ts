/**
 * The first key that some object of a JSON text holds twice, or null. JSON.parse keeps the last of them quietly.
 * @param json a text that JSON.parse accepts
 */
export function duplicateKey(json: string): string | null {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = stringEnd(json, at);
      const keys = open.at(-1);
      if (keys && isKey(json, end)) {
        const key = JSON.parse(json.slice(at, end)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end - 1;
    }
  }
  return null;
}

/** Just after the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  for (let at = start + 1; ; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at + 1;
  }
}

const WHITE_SPACE = ' \t\n\r';

/** A string followed by a colon is a key. */
function isKey(json: string, after: number): boolean {
  let at = after;
  while (at < json.length && WHITE_SPACE.includes(json[at]!)) at++;
  return json[at] === ':';
}
