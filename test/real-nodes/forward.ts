import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port of this machine that leads to a Service in the cluster. */
export interface Forward {
  /** http://127.0.0.1:port */
  readonly url: string;
  stop(): Promise<void>;
}

/** `kubectl port-forward`, again whenever it ends: it is tied to one pod of the Service, and pods come and go. */
export async function forward(
  kubectl: string,
  args: readonly string[],
  service: string,
  port: number,
): Promise<Forward> {
  let child: ChildProcess;
  let local = 0;
  let stopped = false;
  let ready = () => {};
  const whenReady = new Promise<void>((resolve) => (ready = resolve));
  const start = (): void => {
    child = spawn(kubectl, [...args, 'port-forward', `service/${service}`, `${local || ''}:${port}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.once('exit', () => {
      if (!stopped) void sleep(500).then(() => (stopped ? undefined : start()));
    });
    child.stdout!.on('data', (text: Buffer) => {
      const found = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(text.toString());
      if (!found) return;
      local = Number(found[1]);
      ready();
    });
  };
  start();
  await whenReady;
  const emergency = () => child.kill('SIGKILL');
  process.once('exit', emergency);
  return {
    url: `http://127.0.0.1:${local}`,
    async stop() {
      stopped = true;
      process.off('exit', emergency);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
