const UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** 12345 -> 12.3k. */
export function short(value: number): string {
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 && Number.isInteger(value) ? value : value.toPrecision(3)}${UNITS[unit]}`;
}

export const bytes = (value: number): string => `${short(value)}B`;

/** 3725 -> 1h02m. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return `${s}s`;
  return s < 3600
    ? `${Math.floor(s / 60)}m${two(s % 60)}s`
    : `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
}
