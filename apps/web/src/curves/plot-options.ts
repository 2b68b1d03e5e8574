import uPlot from 'uplot';
import { compact, measure } from '../show/numbers.js';
import type { Line } from './panels.js';

export const HEIGHT = 190;

/** Colours as the theme has them now: a canvas knows no custom properties. */
type Colour = (name: string) => string;

interface Asked {
  lines: readonly Line[];
  width: number;
  colour: Colour;
  /** Charts with the same one move their cursors together. */
  sync: string;
  /** Place in the steps under the cursor; null: none. */
  onCursor: (index: number | null) => void;
  onZoom: () => void;
}

export function plotOptions({ lines, width, colour, sync, onCursor, onZoom }: Asked): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => colour('muted'),
    grid: { stroke: () => colour('grid'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
    gap: 6,
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: sync, setSeries: false }, drag: { x: true, y: false }, y: false, points: { size: 6 } },
    scales: { x: { time: false, range: stepRange }, y: { range: valueRange } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((step) => (Number.isInteger(step) ? compact(step) : '')), size: 28 },
      { ...axis, values: (_, splits) => tickTexts(splits), size: 52 },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, lines, colour))],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot) => plot.select.width > 0 && onZoom()],
    },
  };
}

/** The many points of training step back behind the few of validation. */
function seriesOf({ name, tone, split }: Line, all: readonly Line[], colour: Colour): uPlot.Series {
  const stroke = () => colour(tone);
  const label = `${name}, ${split}`;
  const held = all.some((other) => other.name === name && other.split === 'validation');
  return split === 'train'
    ? { label, stroke, alpha: held ? 0.6 : 1, width: 1.25, spanGaps: true, points: { show: false } }
    : {
        label,
        stroke,
        width: 2,
        dash: [5, 4],
        spanGaps: true,
        points: { show: true, size: 6, width: 2, stroke, fill: () => colour('surface') },
      };
}

/** One step alone still needs a width. */
const stepRange: uPlot.Range.Function = (_, min, max) => (min === max ? [min, max + 1] : [min, max]);

/** Room above and below; what never changes stands in the middle, whatever its size. */
const valueRange: uPlot.Range.Function = (_, min, max) => {
  if (min === null || max === null) return [null, null];
  const half = min === 0 ? 0.5 : Math.abs(min) / 2;
  if (min === max) return [min - half, max + half];
  return uPlot.rangeNum(min, max, { min: { pad: 0.08 }, max: { pad: 0.08 } });
};

/** As many digits as tell neighbours apart. */
function tickTexts(splits: number[]): string[] {
  const largest = Math.max(...splits.map(Math.abs));
  if (largest >= 1000) return splits.map((value) => compact(value));
  const step = Math.abs((splits[1] ?? 0) - (splits[0] ?? 0));
  if (largest < 1e-2 && largest > 0) return splits.map((value) => (value === 0 ? '0' : value.toExponential(1)));
  const exact = (digits: number) => Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-6;
  const digits = [0, 1, 2, 3, 4, 5].find(exact) ?? 6;
  return splits.map((value) => value.toFixed(digits));
}

/** A line's value at a place of the common steps: the newest one up to there. */
export function valueAt(column: readonly (number | null)[], index: number): string {
  for (let at = index; at >= 0; at--) {
    const value = column[at];
    if (value !== null && value !== undefined) return measure(value);
  }
  return '–';
}
