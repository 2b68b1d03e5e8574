import { OrestesError } from '@orestes/contracts';
import type { HostArrays } from '@orestes/engine';

const LOW_REPLACED_RATE = 0.05;

/** What to say of a generator that is nearly always right and leaves its discriminator nothing to learn; else null. */
export function strongGenerator(replacedRate: number | undefined, step: number): string | null {
  if (replacedRate === undefined || replacedRate >= LOW_REPLACED_RATE) return null;
  const percent = (x: number) => `${(100 * x).toFixed(1)}%`;
  return `step ${step}: only ${percent(replacedRate)} of the selected tokens are replaced (below ${percent(LOW_REPLACED_RATE)} the discriminator learns little; a lower generator learning rate or a smaller generator may help)`;
}

/** @throws OrestesError DIVERGED naming the step and what is not finite */
export function assertFinite(outputs: HostArrays, step: number, lastGood: string): void {
  if (outputs['finite']![0] === 1) return;
  const wrong = Object.entries(outputs)
    .filter(([, values]) => values.length === 1 && !Number.isFinite(values[0]))
    .map(([name, values]) => `${name} is ${values[0]}`);
  throw new OrestesError(
    'DIVERGED',
    `step ${step}: ${wrong.join(', ') || 'a loss or a gradient norm is not finite'}; ${lastGood} (a lower peakLearningRate, a longer warm-up or a clipNorm may help)`,
  );
}
