import { describe, expect, it } from '@jest/globals';
import { isNewer, keyOf, refOf } from './objects.js';
import { JOBS, NODES, pathOf, PODS } from './resources.js';

describe('paths', () => {
  it.each([
    [pathOf(PODS, {}), '/api/v1/pods'],
    [pathOf(PODS, { namespace: 'a' }), '/api/v1/namespaces/a/pods'],
    [pathOf(JOBS, { namespace: 'a', name: 'b' }, 'status'), '/apis/batch/v1/namespaces/a/jobs/b/status'],
    [pathOf(NODES, { name: 'n' }), '/api/v1/nodes/n'],
    [pathOf(NODES, { namespace: 'is of no use', name: 'n' }), '/api/v1/nodes/n'],
    [pathOf(PODS, { namespace: 'a', name: '../../x?y' }), '/api/v1/namespaces/a/pods/..%2F..%2Fx%3Fy'],
  ])('%s', (path, expected) => expect(path).toBe(expected));

  it('need a namespace', () => {
    expect(() => pathOf(PODS, { name: 'p' })).toThrow('pods p: no namespace is given, and a Pod lies in one');
  });
});

it.each([{ namespace: 'a', name: 'b' }, { name: 'node-1' }])('%j comes back from its key', (ref) => {
  expect(refOf(keyOf({ metadata: ref }))).toEqual(ref);
});

it.each([
  ['2', '1', true],
  ['1', '1', false],
  ['10', '9', true],
  ['9', '10', false],
  ['18446744073709551615', '18446744073709551614', true],
])('version %s is newer than %s: %s', (a, b, newer) => expect(isNewer(a, b)).toBe(newer));
