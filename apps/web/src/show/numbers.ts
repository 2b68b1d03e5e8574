/** Thousands, millions ... of anything counted. */
const LARGE = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

/** Three digits and a prefix: 1234567 is 1.23M. */
export function compact(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return String(value);
  const power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)) / 3);
  const at = Math.min(Math.max(power, 0), LARGE.length - 1);
  const scaled = Number((value / 1000 ** at).toPrecision(3));
  // 999,999 rounds to 1000k, which is 1M.
  const [shown, step] = Math.abs(scaled) >= 1000 && at < LARGE.length - 1 ? [scaled / 1000, at + 1] : [scaled, at];
  const prefix = LARGE[step]!;
  return unit === '' ? `${shown}${prefix}` : `${shown} ${prefix}${unit}`;
}

export const bytes = (value: number): string => compact(value, 'B');

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

/** All digits, in groups. */
export const whole = (value: number): string => grouped.format(value);

/** A loss, a rate, a score: four digits, small ones as powers. */
export function measure(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3) return value.toExponential(2);
  if (size >= 10_000) return compact(value);
  return value.toPrecision(4);
}

/** A fraction as the tables of papers print it. */
export const hundredths = (fraction: number): string => (100 * fraction).toFixed(1);

export const percent = (fraction: number): string => `${Math.floor(100 * fraction)}%`;
