/** JSON of an object, or what is wrong with it. The rest is the API's to judge. */
export function parseSpec(text: string): { spec: Record<string, unknown> } | { error: string } {
  try {
    const spec: unknown = JSON.parse(text);
    if (spec !== null && typeof spec === 'object' && !Array.isArray(spec))
      return { spec: spec as Record<string, unknown> };
    return { error: 'A spec is an object: { "kind": … }' };
  } catch (error) {
    return { error: `Not JSON: ${(error as Error).message}` };
  }
}
