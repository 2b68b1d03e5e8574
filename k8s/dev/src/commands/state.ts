import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isCode } from '../errors.js';
import { alive } from '../process/identity.js';

/** What a running cluster's folder says about it. */
export interface ClusterState {
  /** The process that keeps it: number and start. It ends everything when it ends. */
  keeper: string;
  url: string;
  kubeconfig: string;
  kubectl: string;
  helm: string;
  processes: { name: string; pid: number; log: string }[];
}

export const stateFile = (data: string): string => path.join(data, 'cluster.json');

/** @returns null: nothing runs there, or never did */
export async function runningState(data: string): Promise<ClusterState | null> {
  try {
    const state = JSON.parse(await readFile(stateFile(data), 'utf8')) as ClusterState;
    return alive(state.keeper) === null ? null : state;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Readers see the old or the new one, never half. */
export async function writeState(data: string, state: ClusterState): Promise<void> {
  const draft = `${stateFile(data)}.new`;
  await writeFile(draft, JSON.stringify(state, null, 2));
  await rename(draft, stateFile(data));
}
