import type { JobMetric } from '@orestes/contracts';
import { useMemo } from 'preact/hooks';
import { feedOf } from '../api/jobs.js';
import { Chart } from '../curves/chart.js';
import { SplitKey } from '../curves/legend.js';
import { addMetrics, NO_CURVES, type Curves } from '../curves/curves.js';
import { linesOf, panelsFor, type Panel } from '../curves/panels.js';
import { useFeed, type Gathering } from '../hooks/use-feed.js';
import { ProblemNote } from '../parts/problem-note.js';

const gathering: Gathering<JobMetric, Curves> = { start: NO_CURVES, add: addMetrics };

export function JobCurves({ id }: { id: string }) {
  const { sum: curves, problem } = useFeed(feedOf(id, 'metrics'), gathering);
  const panels = useMemo(() => panelsFor(curves), [curves]);
  return (
    <section aria-label="Curves">
      <div class="section-head">
        <h2>Curves</h2>
        {panels.length > 0 && <SplitKey />}
      </div>
      {problem && <ProblemNote problem={problem} />}
      {panels.length === 0 && !problem && (
        <p class="empty-line loading">No measures: the first come with the first step.</p>
      )}
      <div class="charts">
        {panels.map((panel) => (
          <PanelChart key={panel.title} panel={panel} curves={curves} />
        ))}
      </div>
    </section>
  );
}

function PanelChart({ panel, curves }: { panel: Panel; curves: Curves }) {
  const lines = useMemo(() => linesOf(panel, curves), [curves]);
  return <Chart title={panel.title} lines={lines} sync="job" />;
}
