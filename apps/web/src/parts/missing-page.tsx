import { useTitle } from '../hooks/use-route.js';

export function MissingPage({ path }: { path: string }) {
  useTitle('No such page');
  return (
    <div class="empty">
      <h1>No such page</h1>
      <p>
        There is nothing at <code>#/{path}</code>. <a href="#/">All jobs</a>
      </p>
    </div>
  );
}
