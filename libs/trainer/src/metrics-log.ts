import { MetricRecord, OrestesError, parseDocument } from '@orestes/contracts';
import { joinAddress, type ObjectStore } from '@orestes/storage';

const KEY = 'metrics.jsonl';

/** How long records may wait to be written: 5 s, and a second more for each 100 kB that a write repeats. */
const patience = (bytes: number) => 5000 + bytes / 100;

/**
 * A run's metrics.jsonl. A store knows whole objects only, so each write repeats the file. A checkpoint flushes first: whatever
 * a crash loses lies after the last checkpoint and is made again.
 */
export class MetricsLog {
  private written = Date.now();
  private bytes: number;

  private constructor(
    private readonly store: ObjectStore,
    private readonly lines: string[],
    readonly records: MetricRecord[],
    private readonly report: (record: MetricRecord) => void,
  ) {
    records.forEach(report);
    this.bytes = lines.reduce((sum, line) => sum + line.length, 0);
  }

  /**
   * Goes on with a run's log.
   * @param step records after it are dropped: the run makes them again. null: a new log
   * @param report told of every record: those that are there, and each that is added
   * @throws OrestesError METRICS_CORRUPT naming the line
   */
  static async open(
    store: ObjectStore,
    step: number | null,
    report: (record: MetricRecord) => void,
  ): Promise<MetricsLog> {
    if (step === null || !(await store.head(KEY))) return new MetricsLog(store, [], [], report);
    const text = new TextDecoder().decode(await store.get(KEY));
    const records = text
      .split('\n')
      .flatMap((line, i) => (line === '' ? [] : [parseRecord(line, i + 1, joinAddress(store.address, KEY))]))
      .filter((record) => record.step <= step);
    return new MetricsLog(
      store,
      records.map((record) => `${JSON.stringify(record)}\n`),
      records,
      report,
    );
  }

  async add(split: MetricRecord['split'], step: number, values: MetricRecord['values']): Promise<void> {
    const finite = Object.entries(values).map(([k, v]) => [k, Number.isFinite(v) ? v : null] as const);
    const record: MetricRecord = { step, time: Date.now(), split, values: Object.fromEntries(finite) };
    const line = `${JSON.stringify(record)}\n`;
    this.lines.push(line);
    this.records.push(record);
    this.report(record);
    this.bytes += line.length;
    if (Date.now() - this.written > patience(this.bytes)) await this.flush();
  }

  async flush(): Promise<void> {
    await this.store.put(KEY, new TextEncoder().encode(this.lines.join('')));
    this.written = Date.now();
  }

  /** Held-out measures: the first ever taken, and the newest. */
  heldOut(): { first: Record<string, number>; last: Record<string, number> } {
    const all = this.records.filter((record) => record.split === 'validation');
    const numbers = (record: MetricRecord | undefined) =>
      Object.fromEntries(
        Object.entries(record?.values ?? {}).flatMap(([k, v]) => (v === null ? [] : [[k, v] as const])),
      );
    return { first: numbers(all[0]), last: numbers(all.at(-1)) };
  }
}

function parseRecord(line: string, number: number, where: string): MetricRecord {
  try {
    return parseDocument(MetricRecord, JSON.parse(line), `line ${number}`);
  } catch (error) {
    const why = error instanceof SyntaxError ? `line ${number} is not JSON` : (error as Error).message;
    throw new OrestesError('METRICS_CORRUPT', `${where}: ${why}; remove the file to go on without it`, 1, {
      cause: error,
    });
  }
}
