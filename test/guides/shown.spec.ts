import { describe, expect, it } from '@jest/globals';
import { missingLine } from './shown.js';

describe('missingLine', () => {
  const output = [
    'step 312/400  G 3.8716  D 0.3726  12.6k tok/s  ETA 1m04s',
    'checkpoint at step 400: /tmp/x/runs/a (3.36MB)',
    'compiled step in 0.2s (cached)',
    '---  -----',
  ].join('\n');

  it.each([
    ['step 1/400  G 6.2  D 0.69  771 tok/s  ETA 25s', true],
    ['checkpoint at step 9: /path/to/orestes/runs/a (3MB)', true],
    ['compiled step in 17.8s', true],
    ['--  ---', true],
    ['...', true],
    ['', true],
    ['step 1/400  G 6.2  771 tok/s  ETA 25s', false],
    ['checkpoint at step 9: /path/to/orestes/runs/b (3MB)', false],
  ])('%s', (line, printed) => {
    expect(missingLine([line], output, '/tmp/x')).toBe(printed ? null : line);
  });

  it('wants the lines in their order', () => {
    const [first = '', second = ''] = output.split('\n');
    expect(missingLine([first, second], output, '/tmp/x')).toBeNull();
    expect(missingLine([second, first], output, '/tmp/x')).toBe(first);
  });
});
