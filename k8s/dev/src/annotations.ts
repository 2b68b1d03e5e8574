/** On a node: kwok simulates it, and every pod on it. */
export const SIMULATED_NODE = { 'kwok.x-k8s.io/node': 'fake' } as const;

/** On a pod: how long its containers run on a simulated node (decimal seconds as text; default 1). */
export const SIMULATED_SECONDS = 'orestes.dev/simulated-seconds';

/** On a pod: what its containers exit with (default 0; anything else fails the pod). */
export const SIMULATED_EXIT_CODE = 'orestes.dev/simulated-exit-code';
