import { describe, expect, it } from '@jest/globals';
import { lineCharts, type Panel } from './line-chart.js';

const panel: Panel = {
  title: 'Loss',
  x: 'step',
  y: 'nats',
  points: [
    { x: 1, y: 3, series: 'generator' },
    { x: 2, y: 2, series: 'generator' },
    { x: 1, y: 0.5, series: 'discriminator' },
    { x: 2, y: 0.4, series: 'discriminator' },
  ],
};

describe('lineCharts', () => {
  it('draws a line a series and names it', async () => {
    const svg = await lineCharts('Run', [panel]);
    expect(svg).toMatch(/^<svg/);
    for (const text of ['Run', 'Loss', 'step', 'nats', 'generator', 'discriminator'])
      expect(svg).toContain(`>${text}<`);
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(2);
  });

  it('gives the same text twice', async () => {
    expect(await lineCharts('Run', [panel])).toBe(await lineCharts('Run', [panel]));
  });
});
