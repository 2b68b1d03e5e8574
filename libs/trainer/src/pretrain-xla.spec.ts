import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EngineOptions } from '@orestes/contracts';
import { createEngine, EagerEngine, type Engine, type HostArrays } from '@orestes/engine';
import { firstUpdates } from './testing/first-updates.js';
import { tinySpec } from './testing/tiny.js';

let xla: Engine;
let cpu: Engine;
beforeAll(async () => {
  cpu = await EagerEngine.create('cpu');
  xla = await createEngine(EngineOptions.parse({ name: 'xla' }));
});
afterAll(() => xla.dispose());

const dropout = { dropout: 0.1, attentionDropout: 0.1 };

/** Largest difference, relative to the tensor's largest value (or 1e-3, where all are smaller). */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const size = Math.max(1e-3, ...Array.from(a, Math.abs));
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!) / size));
}

describe('the compiled training step', () => {
  it.each([
    [
      'decoupled-optim with dropout',
      tinySpec('decoupled-optim', { model: { generator: dropout, discriminator: { ...dropout, layers: 1 } } }),
    ],
    [
      'roberta in micro-batches, with recomputed layers',
      tinySpec('roberta', {
        model: { encoder: dropout },
        schedule: { accumulation: 2 },
        engine: { name: 'cpu', remat: true },
      }),
    ],
  ])(
    'of %s gives what tfjs gives',
    async (_, spec) => {
      const [want, got] = [await firstUpdates(cpu, spec, { steps: 2 }), await firstUpdates(xla, spec, { steps: 2 })];
      const all = ({ outputs, state }: { outputs: HostArrays[]; state: HostArrays }) => ({
        ...Object.fromEntries(
          outputs.flatMap((o, i) => Object.entries(o).map(([name, v]) => [`${name} ${i}`, v] as const)),
        ),
        ...state,
      });
      const [wanted, gotten] = [all(want), all(got)];
      const off = Object.entries(wanted)
        .map(([name, values]) => [name, difference(values, gotten[name]!)] as const)
        .filter(([name, d]) => d > (name.startsWith('optimizer/') ? 1e-3 : 2e-4));
      expect(off).toEqual([]);
    },
    300_000,
  );
});
