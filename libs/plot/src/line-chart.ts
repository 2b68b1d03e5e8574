import { parse, resetSVGDefIds, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export interface Point {
  x: number;
  y: number;
  /** The line it belongs to; lines are named in the legend. */
  series: string;
}

export interface Panel {
  title: string;
  x: string;
  y: string;
  points: readonly Point[];
  /** Scale of the x axis. Default linear. */
  scale?: 'linear' | 'log';
  /** Marks each point, for few of them. */
  marks?: boolean;
}

const PANEL = { width: 380, height: 240 };
// Okabe and Ito's palette: told apart by colour-blind readers too.
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'];

/** Line charts side by side, as SVG text. The same panels give the same text. */
export async function lineCharts(title: string, panels: readonly Panel[], columns = 2): Promise<string> {
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    background: 'white',
    columns,
    concat: panels.map(chart),
    resolve: { scale: { color: 'independent' } },
    config: { font: 'sans-serif', axis: { gridOpacity: 0.5 }, range: { category: COLOURS } },
  };
  resetSVGDefIds(); // clip paths are numbered over the whole process
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

const chart = ({ title, x, y, points, scale = 'linear', marks = false }: Panel) => ({
  ...PANEL,
  title,
  data: { values: points.map((p) => ({ ...p })) },
  mark: { type: 'line' as const, point: marks, clip: true },
  encoding: {
    x: {
      field: 'x',
      type: 'quantitative' as const,
      title: x,
      scale: scale === 'log' ? { type: scale } : { type: scale, zero: false },
    },
    y: { field: 'y', type: 'quantitative' as const, title: y, scale: { zero: false } },
    color: { field: 'series', type: 'nominal' as const, title: null, sort: null },
  },
});
