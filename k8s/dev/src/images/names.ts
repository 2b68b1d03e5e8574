/** What the kubelet's sandboxes run. */
export const PAUSE_IMAGE = 'localhost/pause:1';
/** What stands for the base image of images/Dockerfile, where no image registry is asked. */
export const BASE_IMAGE = 'docker.io/library/node:24-bookworm-slim';
/** Of the bundled servers, built from Debian's packages and Go's modules. */
export const SERVER_IMAGES = { postgresql: 'localhost/postgresql:15', store: 'localhost/versitygw:1.8.0' } as const;
/** By the target of images/Dockerfile. */
export const ORESTES_IMAGES = {
  api: 'docker.io/orestes/api:0.1.0',
  operator: 'docker.io/orestes/operator:0.1.0',
  'worker-cpu': 'docker.io/orestes/worker-cpu:0.1.0',
} as const;
