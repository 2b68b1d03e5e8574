interface Props {
  metrics: string[];
  chosen: string[];
  onChoose: (metrics: string[]) => void;
}

/** Which metrics have a chart. */
export function MetricChooser({ metrics, chosen, onChoose }: Props) {
  if (metrics.length === 0) return <p class="empty-line">No measures yet.</p>;
  const toggle = (metric: string) =>
    onChoose(metrics.filter((other) => (other === metric ? !chosen.includes(other) : chosen.includes(other))));
  return (
    <fieldset class="chooser">
      <legend>Metrics</legend>
      {metrics.map((metric) => (
        <label key={metric} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(metric)}
            // The address says nothing of "none", which means the first choice: one stays.
            disabled={chosen.length === 1 && chosen.includes(metric)}
            onChange={() => toggle(metric)}
          />
          {metric}
        </label>
      ))}
    </fieldset>
  );
}
