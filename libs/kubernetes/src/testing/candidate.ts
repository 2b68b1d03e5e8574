// A candidate as a process of its own, to be killed and stopped: node candidate.js KUBECONFIG NAMESPACE NAME IDENTITY [MS MS MS]
// It writes a JSON document a line: what it does, in which epoch, when (ms since 1970), and acts as fast as it can.
import { pause } from '../clock.js';
import { Election } from '../election.js';
import { configOf } from './config.js';

const [file, namespace, name, identity, ...times] = process.argv.slice(2) as [string, string, string, string];
const [durationMs, renewDeadlineMs, retryMs] = times.map(Number);
const say = (what: string, epoch: number) =>
  process.stdout.write(`${JSON.stringify({ what, epoch, at: Date.now() })}\n`);

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const election = new Election({
  config: configOf(file),
  lease: { namespace, name },
  identity,
  durationMs,
  renewDeadlineMs,
  retryMs,
});
await election.run(
  {
    async onLead(epoch, signal) {
      say('leads', epoch);
      while (!signal.aborted) {
        try {
          say('acts', election.assertLeader());
        } catch {
          say('is stopped by assertLeader', epoch);
          break;
        }
        await pause(5);
      }
      while (!signal.aborted) await pause(5);
      say('ends', epoch);
    },
  },
  stop.signal,
);
