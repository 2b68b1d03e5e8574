import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useObserved } from '../hooks/observable.js';
import { theme } from '../theme.js';
import { aligned } from './curves.js';
import { Legend } from './legend.js';
import type { Line } from './panels.js';
import { HEIGHT, plotOptions } from './plot-options.js';

interface Props {
  title: string;
  lines: Line[];
  sync: string;
}

/** Curves over steps. Dragging zooms, a double click shows everything again; new points leave a zoom as it is. */
export function Chart({ title, lines, sync }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoomed = useRef(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const seen = useObserved(theme);
  const columns = useMemo(() => aligned(lines), [lines]);
  const shape = lines.map(({ name, tone, split }) => `${name}|${tone}|${split}`).join();

  useLayoutEffect(() => {
    const element = place.current!;
    const colour = (name: string) => colourOf(element, name);
    const onZoom = () => (zoomed.current = true);
    const options = plotOptions({ lines, width: element.clientWidth, colour, sync, onCursor: setCursor, onZoom });
    const made = new uPlot(options, columns, element);
    made.over.addEventListener('dblclick', () => (zoomed.current = false));
    hideIn(made, lines, hidden);
    plot.current = made;
    zoomed.current = false;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, sync]);

  useEffect(() => plot.current?.setData(columns, !zoomed.current), [columns]);
  useEffect(() => plot.current?.redraw(false), [seen]);
  useEffect(() => hideIn(plot.current!, lines, hidden), [hidden]);

  const last = columns[0].length - 1;
  const toggle = (name: string) =>
    setHidden((now) => (now.includes(name) ? now.filter((other) => other !== name) : [...now, name]));
  const plotName = `${title} over steps ${columns[0][0] ?? ''} to ${columns[0][last] ?? ''}`;
  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-step">{cursor === null ? '' : `step ${columns[0][cursor] ?? ''}`}</span>
      </figcaption>
      <Legend lines={lines} columns={columns.slice(1)} at={cursor ?? last} hidden={hidden} onToggle={toggle} />
      <div class="plot" role="img" aria-label={plotName} ref={place} style={{ height: `${HEIGHT}px` }} />
    </figure>
  );
}

function hideIn(plot: uPlot, lines: readonly Line[], hidden: readonly string[]): void {
  lines.forEach(({ name }, i) => {
    const show = !hidden.includes(name);
    if (plot.series[i + 1]!.show !== show) plot.setSeries(i + 1, { show });
  });
}

/** A custom property as the browser resolves it, light-dark() included. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
