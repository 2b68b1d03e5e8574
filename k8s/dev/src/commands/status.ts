import { ClusterError } from '../errors.js';
import { identityOf } from '../process/identity.js';
import { runTool } from '../process/run-tool.js';
import type { Arguments } from './arguments.js';
import { runningState } from './state.js';

/** @throws ClusterError REFUSED when nothing runs there */
export async function status({ data }: Arguments): Promise<void> {
  const state = await runningState(data);
  if (!state) throw new ClusterError('REFUSED', `no cluster runs in ${data} (npm run cluster -- up starts one)`);
  const { kubectl, helm, kubeconfig, url, keeper } = state;
  const rows = [{ name: 'keeper', pid: Number.parseInt(keeper, 10), log: '' }, ...state.processes];
  const processes = rows.map(({ name, pid, log }) => {
    const runs = identityOf(pid) === null ? 'ended' : 'runs';
    return `${name.padEnd(24)} ${runs.padEnd(6)} ${String(pid).padEnd(8)} ${log}`.trimEnd();
  });
  const nodes = await runTool(kubectl, [
    '--kubeconfig',
    kubeconfig,
    '--request-timeout=10s',
    'get',
    'nodes',
    ...COLUMNS,
  ]);
  const places = [`server      ${url}`, `KUBECONFIG  ${kubeconfig}`, `kubectl     ${kubectl}`, `helm        ${helm}`];
  process.stdout.write(`${places.join('\n')}\n\n${processes.join('\n')}\n\n${nodes}`);
}

const COLUMNS = [
  '-o',
  String.raw`custom-columns=NODE:.metadata.name,READY:.status.conditions[?(@.type=="Ready")].status,GPUS:.status.allocatable.nvidia\.com/gpu,PRODUCT:.metadata.labels.nvidia\.com/gpu\.product`,
];
