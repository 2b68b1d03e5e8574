import { KubernetesError, refused, unreachable } from './errors.js';
import type { KubernetesObject, Stored } from './objects.js';

export type WatchEvent<T extends KubernetesObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Stored<T> }
  /** Everything up to this version has been told. */
  | { type: 'BOOKMARK'; resourceVersion: string };

interface Line {
  type: string;
  object: unknown;
}

/**
 * The events of a watch's answer, one JSON document a line. It ends when the apiserver ends it or the signal aborts.
 * @throws KubernetesError the apiserver's (410: the version is too old), or `Unreachable` when the connection breaks
 */
export async function* watchEvents<T extends KubernetesObject>(
  body: AsyncIterable<Buffer>,
  what: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  try {
    for await (const line of linesOf(body)) yield eventOf<T>(line, what);
  } catch (error) {
    if (signal?.aborted) return;
    throw error instanceof KubernetesError ? error : unreachable(what, error);
  }
}

function eventOf<T extends KubernetesObject>(line: string, what: string): WatchEvent<T> {
  const { type, object } = JSON.parse(line) as Line;
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') return { type, object: object as Stored<T> };
  const { metadata } = object as Stored<T>;
  if (type === 'BOOKMARK') return { type, resourceVersion: metadata.resourceVersion };
  throw refused(what, 0, JSON.stringify(object)); // ERROR, with a Status
}

/** Whole lines alone: what a cut leaves of the last one is dropped. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
