import { forgetKey } from '../api/key.js';
import { useObserved } from '../hooks/observable.js';
import { hrefOf, NO_FILTER, type Route } from '../routes.js';
import { chooseTheme, theme } from '../theme.js';

const LINKS = [
  { label: 'Jobs', pages: ['jobs', 'job'], href: hrefOf({ page: 'jobs', filter: NO_FILTER }) },
  { label: 'Submit', pages: ['submit'], href: hrefOf({ page: 'submit', from: null }) },
  { label: 'Leaderboard', pages: ['leaderboard'], href: hrefOf({ page: 'leaderboard', suite: 'glue' }) },
  { label: 'Compare', pages: ['compare'], href: hrefOf({ page: 'compare', jobs: [], metrics: [] }) },
];

interface Props {
  page: Route['page'];
  project: string | null;
  /** Whether the service was given a key. */
  keyed: boolean;
}

export function SiteHeader({ page, project, keyed }: Props) {
  return (
    <header class="site-header">
      <a class="wordmark" href="#/" aria-label="Orestes, all jobs">
        <span class="mark" aria-hidden="true" />
        Orestes
      </a>
      <nav aria-label="Pages">
        {LINKS.map(({ label, pages, href }) => (
          <a key={label} href={href} aria-current={pages.includes(page) ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="site-side">
        {project !== null && (
          <span class="project" title="Project">
            {project}
          </span>
        )}
        {keyed && (
          <button type="button" class="quiet" onClick={forgetKey}>
            Sign out
          </button>
        )}
        <ThemeToggle />
      </div>
    </header>
  );
}

function ThemeToggle() {
  const seen = useObserved(theme);
  const other = seen === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="quiet icon" aria-label={`Switch to ${other} theme`} onClick={() => chooseTheme(other)}>
      <span class={`theme-icon to-${other}`} aria-hidden="true" />
    </button>
  );
}
