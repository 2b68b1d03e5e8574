import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { whyNoModule } from '@orestes/dev-cluster';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { PEER } from './sides.js';

const run = promisify(execFile);

describeCluster('npm run bench -- operator', () => {
  const without = whyNoModule(PEER);
  const sides = without === null ? ['orestes', 'objects', 'peer'] : ['orestes', 'objects'];
  if (without !== null) process.stderr.write(`without the peer: ${without}\n`);

  it(
    `brings every job through, by ${sides.join(', ')}`,
    async () => {
      const size = ['--jobs', '12', '--queues', '2', '--seconds', '1', '--qps', '50'];
      const program = path.resolve('test', 'dist', 'bench', 'operator.js');
      const { stdout } = await run(process.execPath, [program, ...size, ...sides.flatMap((side) => ['--side', side])]);
      const { qps50, faults } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
        qps50: Record<string, { jobsPerSecond: number }>;
        faults: number;
      };
      expect(faults).toBe(0);
      expect(sides.filter((side) => !((qps50[side]?.jobsPerSecond ?? 0) > 0))).toEqual([]);
    },
    FIRST_BUILD_MS,
  );
});
