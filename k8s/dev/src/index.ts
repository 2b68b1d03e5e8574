export { SIMULATED_EXIT_CODE, SIMULATED_NODE, SIMULATED_SECONDS } from './annotations.js';
export type { Answer } from './api.js';
export { buildModule, whyNoModule } from './tools/modules.js';
export type { Component, Flags } from './components.js';
export {
  ALL_PARTS,
  ControlPlane,
  startControlPlane,
  type ControlPlaneOptions,
  type RealNodes,
  type Part,
} from './control-plane.js';
export { ClusterError, type ClusterErrorCode } from './errors.js';
export type { FakeNodes } from './fake-nodes.js';
export { prepareImages } from './images/build.js';
export type { RealNode } from './nodes/real-node.js';
export { missingPackages, whyNoNodes } from './nodes/why-no-nodes.js';
export type { Daemon } from './process/daemon.js';
export { binariesFolder, prepareBinaries, WITH_NODES, type Program } from './tools/binaries.js';
export { prepareClients, type Clients } from './tools/clients.js';
export { whyNoCluster } from './why-no-cluster.js';
