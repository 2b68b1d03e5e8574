import { whyNoDaemons } from './process/daemon.js';
import { whyNoBinaries } from './tools/binaries.js';
import { whyNoClients } from './tools/clients.js';

/** Why no cluster can be started on this machine, in words for people; null: it can, if perhaps after a build. */
export const whyNoCluster = (): string | null => whyNoDaemons() ?? whyNoBinaries() ?? whyNoClients();
