/** Text that the database takes: without NUL and unpaired surrogates, not longer than so many UTF-16 units. */
export const storable = (text: string, longest: number): string =>
  text
    .slice(0, longest)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
