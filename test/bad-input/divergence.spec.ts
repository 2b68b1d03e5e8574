import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orestes } from '../support/orestes.js';
import { expectRefusal } from '../support/refusal.js';
import { makeCorpus, metrics, pretrainSpec } from '../support/tiny.js';

jest.setTimeout(300_000);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'orestes-divergence-'));
  await makeCorpus(root);
});
afterAll(() => rm(root, { recursive: true }));

/** Decay of 10 x 1 a step multiplies every weight by -9: float32 ends after some forty steps, whatever the data. */
const BURNING = { peakLearningRate: 10, weightDecay: 1, clipNorm: null };

describe('a run that diverges', () => {
  it.each(['generator', 'discriminator'] as const)(
    'stops at the step, keeps the checkpoint before: %s',
    async (which) => {
      const spec = {
        ...pretrainSpec,
        corpus: 'corpus',
        output: `${which}/run`,
        schedule: { ...pretrainSpec.schedule, maxSteps: 200, warmupSteps: 0 },
        optimizers: { [which]: BURNING },
        checkpoint: { everySteps: 3, keep: 100 },
      };
      const run = () => orestes(['run', '-'], { cwd: root, input: JSON.stringify(spec) });
      const ended = await run();
      expectRefusal(ended, {
        exit: 1,
        code: 'DIVERGED',
        says: /^DIVERGED: step \d+: .*; the last good checkpoint is .*step-\d+ \(a lower peakLearningRate/,
      });
      const at = Number(/DIVERGED: step (\d+)/.exec(ended.stderr)![1]);
      const logged = (await metrics(join(root, which))).filter(({ split }) => split === 'train');
      expect(logged.map(({ step }) => step)).toEqual(Array.from({ length: at }, (_, i) => i + 1));
      expect(Object.values(logged.at(-1)!.values)).toContain(null);
      expect(logged.slice(0, -1).every(({ values }) => Number.isFinite(values['mlm_loss']))).toBe(true);

      const folder = join(root, which, 'run/checkpoints');
      const saved = (await readdir(folder)).sort();
      const last = 3 * Math.floor((at - 1) / 3);
      expect(saved.at(-1)).toBe(`step-${String(last).padStart(9, '0')}`);
      expect(ended.stderr).toContain(join(folder, saved.at(-1)!));
      for (const name of saved) {
        const { code, stdout } = await orestes(['checkpoint', 'inspect', join(folder, name), '--json']);
        expect(code).toBe(0);
        const { groups } = JSON.parse(stdout) as { groups: { elements: number; finite: number }[] };
        expect(groups.every(({ elements, finite }) => elements === finite)).toBe(true);
      }
      expect(await readdir(join(root, which, 'run'))).not.toContain('result.json');

      const again = await run();
      expectRefusal(again, { exit: 1, code: 'DIVERGED', says: new RegExp(`^DIVERGED: step ${at}: `) });
    },
  );
});
