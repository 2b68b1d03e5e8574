import type { Rates, SideFigures } from './rounds.js';
import { round } from './usage.js';

const OURS = 'orestes';

/** What the benchmark tells of the sides: of several peers the fastest one, figure by figure. */
export function figuresOf(sides: ReadonlyMap<string, SideFigures>): object {
  const { cpuMs, ...ours } = sides.get(OURS)!;
  const peers = [...sides].filter(([name]) => name !== OURS);
  const figures = { jobsPerSecond: ours.runsPerSecond, ...ours, cpuMs };
  if (peers.length === 0) return figures;
  const best = (figure: keyof Rates) => Math.max(...peers.map(([, peer]) => peer[figure]));
  const least = (figure: keyof Rates) => Math.min(...peers.map(([, peer]) => peer.cpuMs[figure]));
  const ratio = (figure: keyof Rates) => round(ours[figure] / best(figure), 1);
  const cpuRatio = (figure: keyof Rates) => round(least(figure) / cpuMs[figure], 1);
  return {
    ...figures,
    mlflowRunsPerSecond: best('runsPerSecond'),
    mlflowMetricsPerSecond: best('metricsPerSecond'),
    mlflowStepMetricsPerSecond: best('stepMetricsPerSecond'),
    runsRatio: ratio('runsPerSecond'),
    metricsRatio: ratio('metricsPerSecond'),
    stepMetricsRatio: ratio('stepMetricsPerSecond'),
    runsCpuRatio: cpuRatio('runsPerSecond'),
    metricsCpuRatio: cpuRatio('metricsPerSecond'),
    stepMetricsCpuRatio: cpuRatio('stepMetricsPerSecond'),
    mlflow: Object.fromEntries(peers),
  };
}

/** Two lines a side. */
export function printSides(sides: ReadonlyMap<string, SideFigures>): void {
  for (const [name, { runsPerSecond, metricsPerSecond, stepMetricsPerSecond, cpuMs }] of sides) {
    console.log(
      `${name}: ${runsPerSecond} runs/s, ${metricsPerSecond} values/s, ${stepMetricsPerSecond} by single steps`,
    );
    const cpu = [cpuMs.runsPerSecond, cpuMs.metricsPerSecond, cpuMs.stepMetricsPerSecond].join(', ');
    console.log(`  CPU of a request, with PostgreSQL's: ${cpu} ms`);
  }
}
