import type { JobDocument, JobEvent } from '@orestes/contracts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiDown, Refused } from '../api/client.js';
import { takePages } from '../api/feed.js';
import { feedOf } from '../api/jobs.js';
import { StateBadge } from '../parts/state-badge.js';
import { clockTime, fullTime } from '../show/times.js';

/** Newest first. Few come, so they are asked for with the job instead of holding a connection. */
export function JobEvents({ job }: { job: JobDocument }) {
  const [events, setEvents] = useState<JobEvent[]>([]);
  const last = useRef(0);
  useEffect(() => {
    const stop = new AbortController();
    const take = (items: JobEvent[]) => {
      last.current = items.at(-1)!.id;
      setEvents((old) => [...[...items].reverse(), ...old]);
    };
    takePages(feedOf(job.id, 'events'), last.current, take, stop.signal).catch((error: unknown) => {
      const passes = stop.signal.aborted || error instanceof ApiDown || error instanceof Refused;
      if (!passes) throw error;
    });
    return () => stop.abort();
  }, [job]);
  return (
    <section aria-label="Events">
      <h2>Events</h2>
      {events.length === 0 ? (
        <p class="empty-line loading">Nothing happened yet.</p>
      ) : (
        <ol class="events" tabIndex={0} aria-label="Events, newest first">
          {events.map((event) => (
            <li key={event.id}>
              <time dateTime={event.time} title={fullTime(event.time)}>
                {clockTime(event.time)}
              </time>
              {event.state === null ? (
                <span class={`event event-${event.type}`}>{event.type}</span>
              ) : (
                <StateBadge state={event.state} />
              )}
              <span class="event-message">{event.message}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
