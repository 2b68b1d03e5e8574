import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { prepareClients } from '@orestes/dev-cluster';
import { parseAllDocuments } from 'yaml';

export const CHART = fileURLToPath(new URL('../../charts/orestes', import.meta.url));
/** The files that show how it is installed. */
export const VALUES = ['values-kind.yaml', 'values-dgx.yaml', 'values-kueue.yaml'];
export const RELEASE = ['orestes', CHART, '--namespace', 'train'];

export interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/** Runs helm. @returns what it says @throws Error with what it says on standard error */
export async function helm(...args: string[]): Promise<string> {
  const { helm: program } = await prepareClients((line) => process.stderr.write(`${line}\n`));
  return (await promisify(execFile)(program, args, { maxBuffer: 1 << 26 })).stdout;
}

/** What the chart makes of values: arguments of helm. */
export async function rendered(...values: string[]): Promise<Manifest[]> {
  const text = await helm('template', ...RELEASE, ...values);
  return parseAllDocuments(text).flatMap((document) => {
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

export const withFile = (file: string): string[] => ['--values', `${CHART}/${file}`];

/** @throws Error when there is none */
export function find<M extends object>(manifests: readonly Manifest[], kind: string, name: string): Manifest & M {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  if (!found) throw new Error(`the chart makes no ${kind} ${name}`);
  return found as Manifest & M;
}
