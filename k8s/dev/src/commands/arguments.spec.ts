import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readArguments } from './arguments.js';

describe('readArguments', () => {
  it('has defaults', () =>
    expect(readArguments(['up'])).toEqual({
      command: 'up',
      data: path.resolve('orestes-cluster'),
      nodes: 2,
      gpus: 8,
      realNodes: 0,
      keep: false,
    }));

  it('takes what is given', () => {
    const given = readArguments(['up', '--data=/tmp/c', '--nodes', '0', '--gpus=4']);
    expect(given).toMatchObject({ data: '/tmp/c', nodes: 0, gpus: 4 });
    expect(readArguments(['down', '--keep'])).toMatchObject({ command: 'down', keep: true });
  });

  it.each([
    [[], 'cluster: no command (allowed: up, down, status)'],
    [['start'], 'cluster: unknown command start (allowed: up, down, status)'],
    [['up', '--keep'], "cluster: up: Unknown option '--keep' (allowed: --data, --nodes, --gpus, --real-nodes)"],
    [['down', '--nodes', '2'], "cluster: down: Unknown option '--nodes' (allowed: --data, --keep)"],
    [['up', '--nodes', '-1'], /^cluster: up: .*--nodes.* \(allowed: --data, --nodes, --gpus, --real-nodes\)$/s],
    [['up', '--nodes', '2.5'], 'cluster: --nodes: 2.5 is not a whole number from 0 to 5000'],
    [['up', '--gpus', 'many'], 'cluster: --gpus: many is not a whole number from 0 to 1024'],
    [['up', '--real-nodes', '10'], 'cluster: --real-nodes: 10 is not a whole number from 0 to 9'],
    [['status', 'now'], /^cluster: status: .*now.* \(allowed: --data\)$/],
  ])('%j', (argv, message) => expect(() => readArguments(argv)).toThrow(message));
});
