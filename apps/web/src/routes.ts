import type { JobKind, JobState } from '@orestes/contracts';
import type { Suite } from './api/service.js';
import { isKind } from './show/kinds.js';
import { isState } from './show/states.js';

export interface JobFilter {
  state: JobState | null;
  kind: JobKind | null;
  /** `key=value`, or empty. */
  label: string;
  /** Children of sweeps and pipelines, too. */
  all: boolean;
}

/** What the address after # says. */
export type Route =
  | { page: 'jobs'; filter: JobFilter }
  | { page: 'job'; id: string }
  | { page: 'submit'; from: string | null }
  | { page: 'leaderboard'; suite: Suite }
  | { page: 'compare'; jobs: string[]; metrics: string[] }
  | { page: 'missing'; path: string };

export const NO_FILTER: JobFilter = { state: null, kind: null, label: '', all: false };

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [page = '', id] = path.split('/');
  const asked = new URLSearchParams(query);
  if (page === '' || (page === 'jobs' && !id)) return { page: 'jobs', filter: filterOf(asked) };
  if (page === 'jobs') return { page: 'job', id: decodeURIComponent(id!) };
  if (page === 'submit') return { page, from: asked.get('from') };
  if (page === 'leaderboard') return { page, suite: asked.get('suite') === 'all' ? 'all' : 'glue' };
  if (page === 'compare') return { page, jobs: listOf(asked.get('jobs')), metrics: listOf(asked.get('metrics')) };
  return { page: 'missing', path };
}

export function hrefOf(route: Exclude<Route, { page: 'missing' }>): string {
  switch (route.page) {
    case 'jobs': {
      const { state, kind, label, all } = route.filter;
      return withQuery('#/', { state, kind, label, all: all ? 'true' : null });
    }
    case 'job':
      return `#/jobs/${encodeURIComponent(route.id)}`;
    case 'submit':
      return withQuery('#/submit', { from: route.from });
    case 'leaderboard':
      return withQuery('#/leaderboard', { suite: route.suite === 'glue' ? null : route.suite });
    case 'compare':
      return withQuery('#/compare', { jobs: route.jobs.join(), metrics: route.metrics.join() });
  }
}

export const jobHref = (id: string): string => hrefOf({ page: 'job', id });
export const compareHref = (jobs: string[]): string => hrefOf({ page: 'compare', jobs, metrics: [] });

function filterOf(asked: URLSearchParams): JobFilter {
  const state = asked.get('state');
  const kind = asked.get('kind');
  return {
    state: isState(state) ? state : null,
    kind: isKind(kind) ? kind : null,
    label: asked.get('label') ?? '',
    all: asked.get('all') === 'true',
  };
}

const listOf = (text: string | null): string[] => [...new Set((text ?? '').split(',').filter((part) => part !== ''))];

/** Commas stay commas: they are what the lists above are read by. */
function withQuery(path: string, query: Record<string, string | null>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  const text = new URLSearchParams(given).toString().replaceAll('%2C', ',');
  return text === '' ? path : `${path}?${text}`;
}
