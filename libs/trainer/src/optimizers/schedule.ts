/**
 * Linear warm-up, then linear decay to 0 (fairseq's polynomial_decay of power 1): peak * t / w, then
 * peak * (1 - (t - w) / (T - w)).
 * @param t update, from 1 to `maxSteps`
 */
export function learningRate(peak: number, schedule: { warmupSteps: number; maxSteps: number }, t: number): number {
  const { warmupSteps: w, maxSteps: total } = schedule;
  return t <= w ? (peak * t) / w : peak * (1 - (t - w) / (total - w));
}
