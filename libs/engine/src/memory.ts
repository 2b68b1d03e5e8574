import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { OrestesError } from '@orestes/contracts';
import type { CompiledMemory } from './pjrt/executable.js';

/** What bounds a program: a device's own memory, or the host's that is still free. In bytes. */
export interface Bound {
  deviceLimit: number | null;
  /** Devices that share the host's memory when `deviceLimit` is null. */
  devices: number;
  /** State that is on the devices already, and so no longer among what is free on the host. */
  held: number;
}

/**
 * A program that cannot fit is refused before it trains.
 * @throws OrestesError ENGINE_OUT_OF_MEMORY with both amounts
 */
export function checkMemory(name: string, memory: CompiledMemory, { deviceLimit, devices, held }: Bound): void {
  // Donated arguments become outputs.
  const each = memory.arguments + memory.temporaries + memory.outputs - memory.aliased + memory.code;
  const there = Math.min(held, memory.arguments * devices);
  const needed = deviceLimit === null ? each * devices - there : each;
  const limit = deviceLimit ?? availableMemory();
  if (needed <= limit) return;
  throw new OrestesError(
    'ENGINE_OUT_OF_MEMORY',
    `${name} needs ${gib(needed)} and ${gib(limit)} are free (smaller batchSize, more accumulation, or engine.remat: true)`,
  );
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/** Bytes that this process may still take: of the machine, and of its container where that is smaller. */
function availableMemory(): number {
  const container = (process.constrainedMemory() || Infinity) - process.memoryUsage.rss();
  return Math.min(machineMemory(), container);
}

function machineMemory(): number {
  try {
    const line = /MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'));
    return line ? Number(line[1]) * 1024 : freemem();
  } catch {
    return freemem(); // no /proc: not Linux
  }
}
