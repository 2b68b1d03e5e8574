import { useMemo } from 'preact/hooks';
import { Chart } from '../curves/chart.js';
import { metricsIn, samplesOf } from '../curves/curves.js';
import { SplitKey } from '../curves/legend.js';
import { sortedMetrics, splitOf, type Line } from '../curves/panels.js';
import { replaceWith, useTitle } from '../hooks/use-route.js';
import { ComparedJobs } from './compared-jobs.js';
import { jobTone } from './job-tone.js';
import { JobPicker } from './job-picker.js';
import { MetricChooser } from './metric-chooser.js';
import { useCompared, type Compared } from './use-compared.js';

/** Charts shown when nobody has chosen yet. */
const FIRST = ['mlm_loss', 'rtd_loss', 'loss', 'rtd_auroc', 'accuracy', 'matthews'];

/** Several jobs in one chart a metric. */
export function ComparePage({ jobs: ids, metrics }: { jobs: string[]; metrics: string[] }) {
  useTitle('Compare');
  const compared = useCompared(ids);
  const known = sortedMetrics(compared.flatMap(({ curves }) => metricsIn(curves)));
  const chosen = metrics.length > 0 ? known.filter((m) => metrics.includes(m)) : known.filter((m) => FIRST.includes(m));
  const show = (jobs: string[], shown: string[]) => replaceWith({ page: 'compare', jobs, metrics: shown });
  return (
    <>
      <h1>Compare</h1>
      <JobPicker taken={ids} onPick={(id) => show([...ids, id], metrics)} />
      {ids.length === 0 && (
        <div class="empty">
          <p>No jobs chosen. Pick two or more from the list above, or press Compare on a job.</p>
        </div>
      )}
      {ids.length > 0 && (
        <>
          <ComparedJobs
            compared={compared}
            onRemove={(id) =>
              show(
                ids.filter((other) => other !== id),
                metrics,
              )
            }
          />
          <MetricChooser metrics={known} chosen={chosen} onChoose={(shown) => show(ids, shown)} />
          {chosen.length > 0 && <SplitKey />}
          {ids.length === 1 && <p class="muted">One job: add another to hold it against.</p>}
          <div class="charts">
            {chosen.map((metric) => (
              <MetricChart key={metric} metric={metric} compared={compared} />
            ))}
          </div>
        </>
      )}
    </>
  );
}

function MetricChart({ metric, compared }: { metric: string; compared: Compared[] }) {
  const curves = compared.map((one) => one.curves);
  const names = compared.map(({ job, id }) => job?.name ?? id.slice(0, 8));
  const lines = useMemo(
    () =>
      compared.flatMap((one, i) =>
        (['train', 'validation'] as const)
          .map((split): Line => ({
            name: names[i]!,
            tone: jobTone(i),
            split: splitOf(metric, split),
            ...samplesOf(one.curves, split, metric),
          }))
          .filter((line) => line.steps.length > 0),
      ),
    [...curves, names.join()],
  );
  return <Chart title={metric} lines={lines} sync="compare" />;
}
