import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EngineOptions, UserError, type OrestesError } from '@orestes/contracts';
import { createEngine, type Engine } from '@orestes/engine';
import { FileStore } from '@orestes/storage';
import type { Reproduction, ReproduceOptions, ReproduceReport } from './experiment.js';
import { fig3 } from './fig3.js';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine(EngineOptions.parse({}));
  folder = await mkdtemp(join(tmpdir(), 'fig3-'));
});
afterAll(async () => {
  engine.dispose();
  await rm(folder, { recursive: true });
});

/** Runs figure 3 in a folder of its own; `stopAfter` steps it is interrupted. */
async function reproduce(name: string, options: Partial<ReproduceOptions> = {}, stopAfter = Infinity) {
  const controller = new AbortController();
  const reports: ReproduceReport[] = [];
  const steps = () => reports.filter((r) => r.kind === 'progress').length;
  const report = (r: ReproduceReport) => {
    reports.push(r);
    if (steps() >= stopAfter) controller.abort();
  };
  const store = new FileStore(join(folder, name));
  const signal = controller.signal;
  const made = fig3({ seeds: 1, quick: true, ...options }, { engine, store, signal, report });
  return { made: await made.catch((e: unknown) => e), steps: steps(), store };
}

const rowsOf = (csv: string) => {
  const [header, ...lines] = csv.trimEnd().split('\n');
  const columns = header!.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [columns[i]!, cell])));
};

describe('reproduce fig3 --quick', () => {
  let made: Reproduction;
  let rows: Record<string, string>[];
  beforeAll(async () => {
    made = (await reproduce('quick')).made as Reproduction;
    rows = rowsOf(made.csv);
  }, 600_000); // seconds where the processor is free

  it('leaves the generator the same bits for every lambda, with separate embeddings and decoupled optimizers', () => {
    const runs = rows.filter((r) => r['panel'] === 'lambda' && r['design'] === 'decoupled');
    expect(runs.map((r) => r['lambda'])).toEqual(['1', '50', '200']);
    expect(new Set(runs.map((r) => r['mlm_loss'])).size).toBe(1);
    expect(new Set(runs.map((r) => r['generator'])).size).toBe(1);
    expect(new Set(runs.map((r) => r['auroc_own'])).size).toBeGreaterThan(1);
  });

  it.each(['shared', 'clipped'])('does not with one optimizer (%s)', (design) => {
    const runs = rows.filter((r) => r['panel'] === 'lambda' && r['design'] === design);
    expect(new Set(runs.map((r) => r['generator'])).size).toBe(3);
  });

  it("moves the generator's loss by eta_G, monotonically", () => {
    const losses = rows.filter((r) => r['panel'] === 'eta').map((r) => Number(r['mlm_loss']));
    expect(losses).toHaveLength(3);
    expect(losses).toEqual([...losses].sort((a, b) => a - b));
    expect(losses[2]! - losses[0]!).toBeGreaterThan(0.05);
  });

  it('judges the claims by the numbers', () => {
    const shown = made.verdicts.map((v) => v.shown);
    expect(shown).toHaveLength(5);
    expect([shown[0], shown[3]]).toEqual([true, true]);
  });

  it('writes a page that says what it is and holds the numbers', () => {
    for (const text of ['toy form', 'nothing about real text', 'quick form', 'fig3-quick.svg', '| 0.005 |'])
      expect(made.page).toContain(text);
    expect(made.page).not.toMatch(/NaN|undefined|null/);
    expect(made.charts.map((c) => c.points.length)).toEqual([9, 3, 6]);
  });

  it('runs nothing again, and gives the same page and figures', async () => {
    const again = await reproduce('quick');
    expect(again.steps).toBe(0);
    expect(again.made).toEqual(made);
  });

  it('trains what is missing alone, to the same bits', async () => {
    const lines = made.csv.split('\n');
    const missing = lines.findIndex((line) => line.startsWith('eta,'));
    const kept = lines.filter((_, i) => i !== missing).join('\n');
    await new FileStore(join(folder, 'part')).put('fig3-quick.csv', new TextEncoder().encode(kept));
    const again = await reproduce('part');
    expect(again.made).toEqual(made);
    expect(again.steps).toBe(40 + 80); // that run, and the standalone generator that it is measured against
  }, 600_000);

  it('keeps the runs that were finished when it is interrupted', async () => {
    const stopped = await reproduce('stopped', {}, 85);
    expect((stopped.made as OrestesError).code).toBe('INTERRUPTED');
    expect(stopped.steps).toBe(85);
    const csv = new TextDecoder().decode(await stopped.store.get('fig3-quick.csv'));
    expect(csv.split('\n').slice(0, 2)).toEqual(made.csv.split('\n').slice(0, 2));
    expect(rowsOf(csv)).toHaveLength(1);
  }, 600_000);

  it('refuses a file that is something else', async () => {
    await new FileStore(join(folder, 'other')).put('fig3-quick.csv', new TextEncoder().encode('a,b\n1,2\n'));
    const { made: refused } = await reproduce('other');
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as UserError).code).toBe('RESULTS_UNREADABLE');
  });
});
