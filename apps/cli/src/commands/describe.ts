import { bytes, EngineOptions, parseDocument } from '@orestes/contracts';
import { createEngine } from '@orestes/engine';
import { cpus, totalmem } from 'node:os';
import { print, printJson } from '../output.js';

/** What this machine trains on: engine, devices, versions. */
export async function describe(options: { engine: string; device: string; json: boolean }): Promise<void> {
  const wanted = parseDocument(EngineOptions, { name: options.engine, device: options.device }, 'engine');
  const engine = await createEngine(wanted);
  try {
    const host = {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      cores: cpus().length,
      memoryBytes: totalmem(),
    };
    const found = { ...engine.describe(), host };
    if (options.json) return printJson(found);
    print(
      [
        `engine    ${found.engine} on ${found.platform}`,
        `devices   ${found.devices.join(', ')}`,
        ...Object.entries(found.versions).map(([name, version]) => `${name.padEnd(9)} ${version}`),
        `host      node ${host.node}, ${host.platform}, ${host.cores} cores, ${bytes(host.memoryBytes)}`,
        ...found.notes,
      ].join('\n'),
    );
  } finally {
    engine.dispose();
  }
}
