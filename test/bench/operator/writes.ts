import type { ControlPlane } from '@orestes/dev-cluster';

const WRITES = /^apiserver_request_total\{(.*)\} (\S+)$/gm;
const KINDS = /resource="(jobs|trainingjobs|services)"/;
const VERBS = /verb="(POST|PUT|PATCH|APPLY|DELETE)"/;

/** Writes of Jobs, TrainingJobs and Services that the apiserver has answered, whoever sent them. */
export async function writesOf(control: ControlPlane): Promise<number> {
  const { body } = await control.request('GET', '/metrics');
  let writes = 0;
  for (const [, labels, value] of String(body).matchAll(WRITES))
    if (KINDS.test(labels!) && VERBS.test(labels!)) writes += Number(value);
  return writes;
}
