/** Fields of a spec that hold an address, or a list of them, wherever they stand. */
const FIELDS = new Set([
  'checkpoint',
  'corpus',
  'data',
  'discriminator',
  'generator',
  'input',
  'output',
  'path',
  'train',
  'validation',
]);

/** The spec with every address in it replaced. Objects under the same names (an encoder's configuration) are walked into. */
export function mapAddresses<T>(spec: T, change: (address: string) => string): T {
  return walk(spec, change) as T;
}

function walk(value: unknown, change: (address: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, changed(key, field, change)]));
}

function changed(key: string, field: unknown, change: (address: string) => string): unknown {
  if (key === 'labels') return field; // names of the user's own
  // A sweep's grid has paths for names.
  if (!FIELDS.has(key.slice(key.lastIndexOf('.') + 1))) return walk(field, change);
  if (typeof field === 'string') return change(field);
  if (Array.isArray(field)) return field.map((item) => changed(key, item, change));
  return walk(field, change);
}

const JOB = /^job:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The job whose output an address of the form `job:ID` means; null for any other address. */
export const jobOfAddress = (address: string): string | null => JOB.exec(address)?.[1] ?? null;

/** The address that means a job's output. */
export const addressOfJob = (id: string): string => `job:${id}`;

/** The jobs that a spec's addresses name, each once. */
export function jobsIn(spec: unknown): string[] {
  const found = new Set<string>();
  mapAddresses(spec, (address) => {
    const job = jobOfAddress(address);
    if (job) found.add(job);
    return address;
  });
  return [...found];
}
