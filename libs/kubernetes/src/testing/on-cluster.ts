import { afterAll, beforeAll } from '@jest/globals';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '@orestes/dev-cluster';
import { describeCluster } from '@orestes/dev-cluster/testing';

/** Building the programs takes about 10 minutes, once. */
const START_MS = 1_200_000;

/** Tests on an API server and etcd of their own; skipped, with the reason printed, where none can be built. */
export function describeOnCluster(
  name: string,
  options: ControlPlaneOptions,
  tests: (cluster: () => ControlPlane) => void,
): void {
  describeCluster(name, () => {
    let cluster: ControlPlane;
    beforeAll(async () => {
      cluster = await startControlPlane(options);
    }, START_MS);
    afterAll(() => cluster?.stop());
    tests(() => cluster);
  });
}
