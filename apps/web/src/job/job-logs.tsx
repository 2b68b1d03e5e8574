import type { LogLine } from '@orestes/contracts';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { feedOf } from '../api/jobs.js';
import { useFeed, type Gathering } from '../hooks/use-feed.js';
import { ProblemNote } from '../parts/problem-note.js';
import { clockTime } from '../show/times.js';

/** Lines kept in the page; the API has them all. */
const KEPT = 2000;

interface Tail {
  lines: LogLine[];
  /** Earlier lines that are not shown. */
  dropped: number;
}

const gathering: Gathering<LogLine, Tail> = {
  start: { lines: [], dropped: 0 },
  add: ({ lines, dropped }, items) => {
    const all = [...lines, ...items];
    const tail = all.slice(-KEPT);
    return { lines: tail, dropped: dropped + all.length - tail.length };
  },
};

/** The end of the log. It follows what comes until one scrolls up; at the bottom it follows again. */
export function JobLogs({ id }: { id: string }) {
  const path = feedOf(id, 'logs');
  const { sum, problem } = useFeed(path, gathering);
  const [following, setFollowing] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (following) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [sum, following]);
  const onScroll = ({ currentTarget: at }: { currentTarget: HTMLElement }) =>
    setFollowing(at.scrollHeight - at.scrollTop - at.clientHeight < 24);
  return (
    <section aria-label="Logs">
      <div class="section-head">
        <h2>Logs</h2>
        <label class="check">
          <input type="checkbox" checked={following} onChange={(e) => setFollowing(e.currentTarget.checked)} />
          Follow
        </label>
      </div>
      {problem && <ProblemNote problem={problem} />}
      <div class="logs" role="log" aria-label="Log lines" aria-live="off" tabIndex={0} ref={box} onScroll={onScroll}>
        {sum.lines.length === 0 && <p class="muted loading">No lines yet.</p>}
        {sum.dropped > 0 && <p class="muted">{sum.dropped} earlier lines are not shown; the API has them.</p>}
        {sum.lines.map((line, i) => (
          <Line key={line.id} line={line} newAttempt={i > 0 && sum.lines[i - 1]!.attempt !== line.attempt} />
        ))}
      </div>
    </section>
  );
}

function Line({ line, newAttempt }: { line: LogLine; newAttempt: boolean }) {
  return (
    <>
      {newAttempt && <p class="attempt-mark">attempt {line.attempt}</p>}
      <p class="log-line">
        <time dateTime={line.time}>{clockTime(line.time)}</time>
        <span>{line.text}</span>
      </p>
    </>
  );
}
