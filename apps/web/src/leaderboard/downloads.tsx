import { ApiDown, Refused, send } from '../api/client.js';
import { currentKey } from '../api/key.js';
import { leaderboardPath, type Suite } from '../api/service.js';

const FORMATS = [
  { format: 'csv', name: 'CSV', ending: 'csv' },
  { format: 'latex', name: 'LaTeX', ending: 'tex' },
  { format: 'markdown', name: 'Markdown', ending: 'md' },
];

/** Plain links; with a key, which a link does not send, the page fetches the file itself. */
export function Downloads({ suite }: { suite: Suite }) {
  return (
    <p class="downloads">
      Download{' '}
      {FORMATS.map(({ format, name, ending }) => {
        const path = leaderboardPath(suite, format);
        const file = `leaderboard-${suite}.${ending}`;
        const onClick = (event: MouseEvent) => {
          if (currentKey() === null) return;
          event.preventDefault();
          void save(path, file);
        };
        return (
          <a key={format} href={path} download={file} aria-label={`Download ${name}`} onClick={onClick}>
            {name}
          </a>
        );
      })}
    </p>
  );
}

async function save(path: string, file: string): Promise<void> {
  try {
    const address = URL.createObjectURL(await (await send(path, { accept: '*/*' })).blob());
    const link = document.createElement('a');
    link.href = address;
    link.download = file;
    link.click();
    URL.revokeObjectURL(address);
  } catch (error) {
    // The banner, or the form for the key, says what is wrong.
    if (!(error instanceof ApiDown || error instanceof Refused)) throw error;
  }
}
