import { useEffect, useState } from 'preact/hooks';
import { hrefOf, parseRoute, type Route } from '../routes.js';

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

type Goal = Parameters<typeof hrefOf>[0];

export function goTo(route: Goal): void {
  location.hash = hrefOf(route);
}

/** Like goTo, with no step for the back button: a filter that changes is no new place. */
export function replaceWith(route: Goal): void {
  location.replace(hrefOf(route));
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Orestes`;
  }, [title]);
}
