import { observable } from '../hooks/observable.js';

const STORED = 'orestes.key';

/** Whether the service asks for a key: `refused` when it did not take the one that was given. */
export const keyAsked = observable<'no' | 'missing' | 'refused'>('no');

/** Of this tab alone: it is gone when the tab is closed. */
export const currentKey = (): string | null => sessionStorage.getItem(STORED);

export function takeKey(key: string): void {
  sessionStorage.setItem(STORED, key);
  keyAsked.set('no');
}

export function forgetKey(): void {
  sessionStorage.removeItem(STORED);
  keyAsked.set('missing');
}

export function askForKey(): void {
  keyAsked.set(currentKey() === null ? 'missing' : 'refused');
}
