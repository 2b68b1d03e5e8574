import { observable } from './hooks/observable.js';

export type Theme = 'light' | 'dark';
const STORED = 'orestes.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme | null {
  const stored = localStorage.getItem(STORED);
  return stored === 'light' || stored === 'dark' ? stored : null;
}

const current = (): Theme => chosen() ?? (system.matches ? 'dark' : 'light');

/** The theme that is seen: the one chosen, else the system's. Charts draw again when it changes. */
export const theme = observable<Theme>(current());

export function applyTheme(): void {
  const choice = chosen();
  if (choice === null) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = choice;
  theme.set(current());
}

export function chooseTheme(choice: Theme): void {
  localStorage.setItem(STORED, choice);
  applyTheme();
}

system.addEventListener('change', applyTheme);
