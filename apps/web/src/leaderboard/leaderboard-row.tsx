import type { LeaderboardRow, LeaderboardScore } from '@orestes/contracts';
import { compareHref, jobHref } from '../routes.js';
import { compact, hundredths } from '../show/numbers.js';
import { taskName } from '../show/tasks.js';

const orDash = (value: number | null, show: (value: number) => string): string => (value === null ? '–' : show(value));
const hours = (value: number): string => (value < 10 ? String(Number(value.toPrecision(2))) : compact(value));

export function Row({ row, tasks }: { row: LeaderboardRow; tasks: string[] }) {
  return (
    <tr>
      <th scope="row">
        {row.name}
        {row.weights === 'random' && <span class="label">random weights</span>}
        {row.source === 'published' && <span class="label">published</span>}
      </th>
      {tasks.map((task) => (
        <td key={task}>
          <Score score={row.scores.find((score) => score.task === task)} />
        </td>
      ))}
      <td>{row.average ? <strong title={averageTitle(row.average)}>{hundredths(row.average.mean)}</strong> : '–'}</td>
      <td>{orDash(row.tokens, compact)}</td>
      <td>{orDash(row.flops, compact)}</td>
      <td>{orDash(row.deviceHours, hours)}</td>
      <td>
        <Lineage row={row} />
      </td>
    </tr>
  );
}

/** Mean ± std (n); n leads to the runs. One number of a paper is only that. */
function Score({ score }: { score: LeaderboardScore | undefined }) {
  if (!score) return <>–</>;
  const { task, mean, std, n, jobs } = score;
  const runs = `${n} ${n === 1 ? 'run' : 'runs'}`;
  return (
    <span title={scoreTitle(score)}>
      {hundredths(mean)}{' '}
      {(std !== null || n > 1 || jobs.length > 0) && (
        <span class="score-spread">
          {std !== null && `± ${hundredths(std)} `}
          {jobs.length > 0 ? (
            <a
              href={jobs.length === 1 ? jobHref(jobs[0]!) : compareHref(jobs)}
              aria-label={`${taskName(task)}: ${runs}`}
            >
              ({n})
            </a>
          ) : (
            `(${n})`
          )}
        </span>
      )}
    </span>
  );
}

const scoreTitle = ({ metric, median, best, configurations }: LeaderboardScore): string =>
  `${metric}: median ${hundredths(median)}, best ${hundredths(best)}` +
  (configurations > 1 ? `; the best of ${configurations} settings by median` : '');

const averageTitle = ({ median, best }: NonNullable<LeaderboardRow['average']>): string =>
  [median !== null && `median ${hundredths(median)}`, best !== null && `best ${hundredths(best)}`]
    .filter((part) => part !== false)
    .join(', ');

/** Corpus to pretraining to checkpoint; the fine-tuning jobs are linked from the scores. */
function Lineage({ row: { lineage, recipeHash } }: { row: LeaderboardRow }) {
  const { corpus, pretrain, checkpoint } = lineage;
  if (corpus === null && pretrain === null && checkpoint === null) return <>–</>;
  return (
    <span class="lineage">
      {corpus && <code title={`corpus ${corpus}`}>corpus {corpus.slice(0, 8)}</code>}
      {pretrain && (
        <a href={jobHref(pretrain)} title={recipeHash ? `recipe ${recipeHash}` : undefined}>
          pretraining
        </a>
      )}
      {checkpoint && <code title={checkpoint}>{checkpoint.split('/').at(-1)}</code>}
    </span>
  );
}
