import { expect } from '@jest/globals';
import type { Ended } from './orestes.js';
import { files } from './tiny.js';

/** How a command says no. */
export interface Refusal {
  /** 1 failed, 2 the user's mistake. */
  exit: 1 | 2;
  /** Stable code, at the start of the message. */
  code: string;
  /** The message names the field or file, and what is allowed. */
  says: RegExp | string;
}

/** One clear message, the exit code that goes with it, and nothing of our own insides. */
export function expectRefusal(ended: Ended, { exit, code, says }: Refusal): void {
  const at = ended.stderr.search(new RegExp(`^${code}: `, 'm'));
  const message = at < 0 ? ended.stderr : ended.stderr.slice(at);
  const expected: unknown = typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says);
  expect({ message, exit: ended.code }).toEqual({ message: expected, exit });
  expect(message.startsWith(`${code}: `) ? code : message).toBe(code);
  expect(ended.stderr).not.toMatch(/^ +at .+[:(]|internal error|\[object |\bundefined\b/m);
  expect(ended.stdout).toBe('');
}

/**
 * Runs something and expects every file under the folder to be as it was, and none to be new.
 * @param except files that may be otherwise
 */
export async function untouched<T>(folder: string, run: () => Promise<T>, except?: RegExp): Promise<T> {
  const seen = async () => Object.entries(await files(folder)).filter(([path]) => !except?.test(path));
  const before = await seen();
  const result = await run();
  const after = await seen();
  expect(after.map(([path]) => path)).toEqual(before.map(([path]) => path));
  expect(before.filter(([, bytes], i) => !bytes.equals(after[i]![1])).map(([path]) => path)).toEqual([]);
  return result;
}
