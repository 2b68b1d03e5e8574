import { expect, it } from '@jest/globals';
import { kueueLabels, type PriorityClass } from './kueue.js';

const urgent = { from: 100, name: 'urgent' };
const usual = { from: 0, name: 'usual' };
const spare = { from: -50, name: 'spare' };

it.each<[number, PriorityClass[], string | null]>([
  [-1000, [], null],
  [5, [], null],
  [-51, [urgent, usual, spare], null],
  [-50, [urgent, usual, spare], 'spare'],
  [-1, [spare, usual, urgent], 'spare'],
  [0, [usual, urgent], 'usual'],
  [99, [usual, urgent, spare], 'usual'],
  [100, [spare, urgent, usual], 'urgent'],
  [1000, [urgent, usual], 'urgent'],
  [-1, [usual], null],
])('a job of priority %d among %j has the class %s', (priority, priorityClasses, name) => {
  expect(kueueLabels('q', priority, { priorityClasses })).toEqual({
    'kueue.x-k8s.io/queue-name': 'q',
    ...(name && { 'kueue.x-k8s.io/priority-class': name }),
  });
});
