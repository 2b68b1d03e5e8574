import type { Leaderboard, LeaderboardRow } from '@orestes/contracts';
import { Fragment } from 'preact';
import { getLeaderboard, type Suite } from '../api/service.js';
import { usePolled } from '../hooks/use-polled.js';
import { useTitle } from '../hooks/use-route.js';
import { ProblemNote } from '../parts/problem-note.js';
import { hrefOf } from '../routes.js';
import { taskName } from '../show/tasks.js';
import { Downloads } from './downloads.js';
import { Row } from './leaderboard-row.js';

const SUITES: Record<Suite, string> = { glue: 'GLUE', all: 'All tasks' };
const EVERY = 15_000;

/** Scores measured here, and published ones to hold them against. */
export function LeaderboardPage({ suite }: { suite: Suite }) {
  useTitle('Leaderboard');
  const { value, problem } = usePolled(
    `leaderboard ${suite}`,
    (signal) => getLeaderboard(suite, signal),
    () => EVERY,
  );
  return (
    <>
      <div class="page-head">
        <h1>Leaderboard</h1>
        <Downloads suite={suite} />
      </div>
      <nav class="switch" aria-label="Suite">
        {(Object.keys(SUITES) as Suite[]).map((name) => (
          <a
            key={name}
            href={hrefOf({ page: 'leaderboard', suite: name })}
            aria-current={name === suite ? 'true' : undefined}
          >
            {SUITES[name]}
          </a>
        ))}
      </nav>
      {problem && <ProblemNote problem={problem} />}
      {value === null && !problem && <p class="muted loading">Loading scores …</p>}
      {value && <Scores leaderboard={value} />}
    </>
  );
}

function Scores({ leaderboard: { tasks, rows } }: { leaderboard: Leaderboard }) {
  const measured = rows.filter((row) => row.source === 'measured');
  const published = rows.filter((row) => row.source === 'published');
  const columns = ['Model', ...tasks.map(taskName), 'AVG', 'Tokens', 'FLOPs', 'Device hours', 'Lineage'];
  return (
    <>
      <p class="muted">
        Mean ± standard deviation over seeds (number of runs) of each run's last epoch, times 100. AVG is the mean of
        the eight GLUE tasks.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Scores">
        <table class="leaderboard" aria-label="Leaderboard">
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <Body title="Measured here" rows={measured} tasks={tasks} width={columns.length}>
            Nothing is measured yet: fine-tune a pretrained encoder on a task of this suite.
          </Body>
          {published.length > 0 && (
            <Body title="Published, not measured here" rows={published} tasks={tasks} width={columns.length} />
          )}
        </table>
      </div>
    </>
  );
}

interface BodyProps {
  title: string;
  rows: LeaderboardRow[];
  tasks: string[];
  width: number;
  /** Shown when there are no rows. */
  children?: string;
}

function Body({ title, rows, tasks, width, children }: BodyProps) {
  const references = [...new Set(rows.map((row) => row.reference))];
  return (
    <tbody aria-label={title} class={rows[0]?.source ?? 'measured'}>
      <tr class="group">
        <th scope="rowgroup" colSpan={width}>
          <span class="stay">{title}</span>
        </th>
      </tr>
      {rows.length === 0 && (
        <tr>
          <td colSpan={width} class="muted">
            <span class="stay">{children}</span>
          </td>
        </tr>
      )}
      {references.map((reference) => (
        <Fragment key={reference}>
          {reference !== null && (
            <tr class="reference">
              <th scope="rowgroup" colSpan={width}>
                <span class="stay">{reference}</span>
              </th>
            </tr>
          )}
          {rows
            .filter((row) => row.reference === reference)
            .map((row) => (
              <Row key={`${row.name} ${row.recipeHash} ${row.weights}`} row={row} tasks={tasks} />
            ))}
        </Fragment>
      ))}
    </tbody>
  );
}
