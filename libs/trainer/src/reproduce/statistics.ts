/** Mean and standard deviation of the sample (n - 1; null for one value). */
export interface Spread {
  mean: number;
  std: number | null;
  n: number;
}

export function spread(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const std = n < 2 ? null : Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1));
  return { mean, std, n };
}

/** 0.889 ± 0.004. */
export const shown = ({ mean, std }: Spread, digits = 3): string =>
  std === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${std.toFixed(digits)}`;

/** True when a is above b by more than both standard deviations together. */
export const clearlyAbove = (a: Spread, b: Spread): boolean => a.mean - b.mean > (a.std ?? 0) + (b.std ?? 0);
