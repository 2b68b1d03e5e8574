import type { DataSource } from '@orestes/database';
import type { Client } from './client.js';
import type { Faults } from './faults.js';
import { closedLoop, quantile } from './loops.js';
import { round } from './usage.js';

/** Rows of a page, as the service has it by default. */
const LIMIT = 100;

/** What is asked for, and the same in SQL. */
const FILTERS: readonly (readonly [query: string, where: string])[] = [
  ['', 'true'],
  ['root=true', 'parent_id IS NULL'],
  ['state=queued', `state = 'queued'`],
  ['state=succeeded', `state = 'succeeded'`],
  ['state=suspended', `state = 'suspended'`],
  ['state=failed,diverged,running', `state IN ('failed', 'diverged', 'running')`],
  ['kind=pretrain', `kind = 'pretrain'`],
  ['kind=evaluate,corpus', `kind IN ('evaluate', 'corpus')`],
  ['state=failed&kind=evaluate', `state = 'failed' AND kind = 'evaluate'`],
  ['name=run-17', `name = 'run-17'`],
  ['name=nobody', `name = 'nobody'`],
  ['label=team=language', `labels @> '{team=language}'`],
  ['label=study=s42', `labels @> '{study=s42}'`],
  ['label=owner=ada', `labels @> '{owner=ada}'`],
  ['label=owner=eve', `labels @> '{owner=eve}'`],
  ['label=era=old', `labels @> '{era=old}'`],
  ['label=era=none', `labels @> '{era=none}'`],
  ['label=team=search&label=study=s42', `labels @> '{team=search,study=s42}'`],
  [
    'label=team=language&state=queued&kind=pretrain',
    `labels @> '{team=language}' AND state = 'queued' AND kind = 'pretrain'`,
  ],
  ['label=team=language&state=suspended', `labels @> '{team=language}' AND state = 'suspended'`],
];
/** Where pages begin: the first one, and those behind these shares of the rows that fit. */
const DEPTHS = [0, 0.1, 0.5, 0.95];

interface Listing {
  filter: string;
  path: string;
  /** What it must answer: ids, in order. */
  ids: string;
}

export interface ListFigures {
  p50Ms: number;
  p99Ms: number;
  requests: number;
  /** The filters with the highest p99. */
  slowest: Record<string, number>;
}

/** Pages of all filters at all depths, in a new order each time; every answer is compared with PostgreSQL's own. */
export async function measureLists(
  database: DataSource,
  client: Client,
  faults: Faults,
  passes: number,
): Promise<ListFigures> {
  const listings = await listingsOf(database);
  const times = new Map(FILTERS.map(([filter]) => [filter, [] as number[]]));
  const ask = async ({ filter, path, ids }: Listing, counts: boolean) => {
    const began = performance.now();
    const { status, body } = await client.get(path);
    if (counts) times.get(filter)!.push(performance.now() - began);
    if (status !== 200) return faults.add(`GET ${path}: ${status} ${body.slice(0, 200)}`);
    const { items } = JSON.parse(body) as { items: { id: string }[] };
    if (items.map(({ id }) => id).join() !== ids) faults.add(`GET ${path}: other jobs than PostgreSQL finds`);
  };
  for (const listing of listings) await ask(listing, false);
  for (let pass = 0; pass < passes; pass++) for (const listing of shuffled(listings)) await ask(listing, true);
  const all = [...times.values()].flat();
  const slowest = [...times]
    .map(([filter, ms]) => [filter || 'all', round(quantile(ms, 0.99), 1)] as const)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5);
  return {
    p50Ms: round(quantile(all, 0.5), 1),
    p99Ms: round(quantile(all, 0.99), 1),
    requests: all.length,
    slowest: Object.fromEntries(slowest),
  };
}

/** First pages, by several readers at once: pages a second. */
export async function listRate(client: Client, faults: Faults, readers: number, seconds: number): Promise<number> {
  const rate = await closedLoop(readers, seconds, async () => {
    const { status } = await client.get('/jobs');
    if (status !== 200) faults.add(`GET /jobs: ${status}`);
    return status === 200;
  });
  return round(rate);
}

async function listingsOf(database: DataSource): Promise<Listing[]> {
  const listings: Listing[] = [];
  for (const [filter, where] of FILTERS) {
    const rows = await database.query<{ id: string }[]>(`SELECT id FROM job WHERE ${where} ORDER BY id DESC`);
    for (const depth of rows.length > LIMIT ? DEPTHS : [0]) {
      const from = Math.floor(depth * rows.length);
      const query = [filter, ...(from > 0 ? [`cursor=${rows[from - 1]!.id}`] : [])].filter(Boolean).join('&');
      const ids = rows.slice(from, from + LIMIT).map(({ id }) => id);
      listings.push({ filter, path: `/jobs?${query}`, ids: ids.join() });
    }
  }
  return listings;
}

const shuffled = <T>(values: readonly T[]): T[] =>
  values
    .map((value) => [Math.random(), value] as const)
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);
