import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Folders of what is installed, made or kept by tools; hidden ones are left out too. */
const NOT_OURS = ['node_modules', 'dist', 'runs'];

/** The repository's Markdown files, by their paths in it. */
export function pages(folder = ''): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
  const inside = entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_OURS.includes(entry.name) || entry.name.startsWith('.') ? [] : pages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
  return inside.sort();
}

export const readPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8');
