import { readdirSync, readFileSync } from 'node:fs';

/** Worker processes of the service at this address. */
export function workersOf(url: string): number[] {
  const { port } = new URL(url);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isWorker(name, port))
    .map(Number);
}

function isWorker(pid: string, port: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    return environment.includes('ORESTES_ATTEMPT=') && environment.includes(`:${port}\0`);
  } catch {
    return false; // it has ended
  }
}
