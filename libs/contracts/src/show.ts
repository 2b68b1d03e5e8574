const LONGEST = 80;

const shorter = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text);

/** A user's value as a message may show it: short, and in printable characters. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return shorter(printable(JSON.stringify(value)));
  if (Array.isArray(value)) return 'a list';
  return value !== null && typeof value === 'object' ? 'an object' : String(value);
}

/** A field's name as a message may show it: as it is where it is plain. */
export function showKey(key: PropertyKey): string {
  const text = String(key);
  return /^[\w-]{1,80}$/.test(text) ? text : shorter(printable(JSON.stringify(text)));
}

/** JSON escapes control characters below U+0020 and unpaired surrogates; terminals know more that do not print. */
const printable = (text: string) =>
  text.replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
