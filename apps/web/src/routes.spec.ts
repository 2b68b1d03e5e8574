import { describe, expect, it } from '@jest/globals';
import { hrefOf, NO_FILTER, parseRoute, type Route } from './routes.js';

describe('routes', () => {
  it.each<[string, Exclude<Route, { page: 'missing' }>]>([
    ['#/', { page: 'jobs', filter: NO_FILTER }],
    ['#/?state=running', { page: 'jobs', filter: { ...NO_FILTER, state: 'running' } }],
    [
      '#/?kind=sweep&label=team%3Dnlp&all=true',
      { page: 'jobs', filter: { state: null, kind: 'sweep', label: 'team=nlp', all: true } },
    ],
    ['#/jobs/one', { page: 'job', id: 'one' }],
    ['#/submit', { page: 'submit', from: null }],
    ['#/submit?from=one', { page: 'submit', from: 'one' }],
    ['#/leaderboard', { page: 'leaderboard', suite: 'glue' }],
    ['#/leaderboard?suite=all', { page: 'leaderboard', suite: 'all' }],
    ['#/compare', { page: 'compare', jobs: [], metrics: [] }],
    ['#/compare?jobs=a,b&metrics=loss', { page: 'compare', jobs: ['a', 'b'], metrics: ['loss'] }],
  ])('reads and writes %s', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
    expect(hrefOf(route)).toBe(hash);
  });

  it.each<[string, Route]>([
    ['', { page: 'jobs', filter: NO_FILTER }],
    ['#/jobs', { page: 'jobs', filter: NO_FILTER }],
    ['#/?state=asleep&kind=toString', { page: 'jobs', filter: NO_FILTER }],
    ['#/compare?jobs=a,a,,b', { page: 'compare', jobs: ['a', 'b'], metrics: [] }],
    ['#/nowhere', { page: 'missing', path: 'nowhere' }],
  ])('reads %s', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });
});
