import type { CheckpointManifest } from '@orestes/contracts';
import type { ObjectStore } from '@orestes/storage';
import { readManifest, readParts } from './read.js';
import { elements, type HostTensor } from './tensors.js';

export interface TensorSummary {
  name: string;
  shape: readonly number[];
  dtype: HostTensor['dtype'];
  elements: number;
  bytes: number;
  /** How many elements are neither infinite nor NaN; the figures below are of these, null when there are none. */
  finite: number;
  mean: number | null;
  /** Of the population. */
  std: number | null;
}

/** Tensors whose names share their first two segments, as generator/layer_0. */
export interface GroupSummary {
  prefix: string;
  tensors: number;
  elements: number;
  bytes: number;
  finite: number;
}

export interface CheckpointSummary {
  manifest: CheckpointManifest;
  /** By name. */
  tensors: TensorSummary[];
  groups: GroupSummary[];
}

/** Describes the tensors of a checkpoint, each part once it is verified. One part is in memory at a time. */
export async function inspectCheckpoint(store: ObjectStore, key: string): Promise<CheckpointSummary> {
  const manifest = await readManifest(store, key);
  const tensors: TensorSummary[] = [];
  for await (const part of readParts(store, key, manifest)) {
    for (const [name, tensor] of Object.entries(part)) tensors.push(summarise(name, tensor));
  }
  tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { manifest, tensors, groups: group(tensors) };
}

function summarise(name: string, { shape, dtype, data }: HostTensor): TensorSummary {
  let finite = 0;
  let sum = 0;
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
  }
  const mean = finite > 0 ? sum / finite : null;
  let squares = 0;
  for (const value of data) if (mean !== null && Number.isFinite(value)) squares += (value - mean) ** 2;
  const std = finite > 0 ? Math.sqrt(squares / finite) : null;
  return { name, shape, dtype, elements: elements(shape), bytes: data.byteLength, finite, mean, std };
}

function group(tensors: TensorSummary[]): GroupSummary[] {
  const groups = new Map<string, GroupSummary>();
  for (const tensor of tensors) {
    const prefix = tensor.name.split('/').slice(0, 2).join('/');
    const found = groups.get(prefix) ?? { prefix, tensors: 0, elements: 0, bytes: 0, finite: 0 };
    found.tensors++;
    found.elements += tensor.elements;
    found.bytes += tensor.bytes;
    found.finite += tensor.finite;
    groups.set(prefix, found);
  }
  return [...groups.values()];
}
