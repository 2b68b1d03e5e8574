import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { keyAsked } from './api/key.js';
import { getSession } from './api/service.js';
import { ComparePage } from './compare/compare-page.js';
import { useObserved } from './hooks/observable.js';
import { usePolled } from './hooks/use-polled.js';
import { useRoute } from './hooks/use-route.js';
import { JobPage } from './job/job-page.js';
import { JobsPage } from './jobs/jobs-page.js';
import { LeaderboardPage } from './leaderboard/leaderboard-page.js';
import { ConnectionBanner } from './parts/connection-banner.js';
import { KeyForm } from './parts/key-form.js';
import { MissingPage } from './parts/missing-page.js';
import { SiteHeader } from './parts/site-header.js';
import type { Route } from './routes.js';
import { SubmitPage } from './submit/submit-page.js';

const PAGES: { [P in Route['page']]: (route: Extract<Route, { page: P }>) => ComponentChildren } = {
  jobs: ({ filter }) => <JobsPage filter={filter} />,
  job: ({ id }) => <JobPage key={id} id={id} />,
  submit: ({ from }) => <SubmitPage key={from} from={from} />,
  leaderboard: ({ suite }) => <LeaderboardPage suite={suite} />,
  compare: ({ jobs, metrics }) => <ComparePage jobs={jobs} metrics={metrics} />,
  missing: ({ path }) => <MissingPage path={path} />,
};

export function App() {
  const route = useRoute();
  const asked = useObserved(keyAsked);
  const session = usePolled(asked === 'no' ? 'session' : 'none', getSession, () => null);
  const main = useRef<HTMLElement>(null);
  const place = route.page === 'job' ? `job ${route.id}` : route.page;
  useFocusOn(main, place);
  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <SiteHeader page={route.page} project={session.value?.project ?? null} keyed={!!session.value?.keyNeeded} />
      <ConnectionBanner />
      <main id="main" tabIndex={-1} ref={main}>
        {asked === 'no' ? pageOf(route) : <KeyForm refused={asked === 'refused'} />}
      </main>
    </>
  );
}

function pageOf<P extends Route['page']>(route: Extract<Route, { page: P }>): ComponentChildren {
  return PAGES[route.page](route);
}

/** A new page starts at its top, for the eye and for the screen reader; the first page is left alone. */
function useFocusOn(main: { current: HTMLElement | null }, place: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    first.current = false;
  }, [place]);
}
