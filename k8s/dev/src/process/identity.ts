import { readFileSync } from 'node:fs';

/** A process by its number and its start: a number that was given out again is another process. null: there is none. */
export function identityOf(pid: number): string | null {
  try {
    // The name, in parentheses, may hold spaces. Behind it: state, and as 20th the start in clock ticks (proc(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? null : `${pid} ${fields[19]}`;
  } catch {
    return null; // no such process
  }
}

/** The number of the process that `identity` names, if it still runs; else null. */
export function alive(identity: string): number | null {
  const pid = Number.parseInt(identity, 10);
  return pid > 0 && identityOf(pid) === identity ? pid : null;
}
