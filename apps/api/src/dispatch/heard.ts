/**
 * A heartbeat's time: the database's clock, by which silence is measured, whichever service hears and whichever looks. Not the
 * transaction's start: it may have waited for the job's lock.
 */
export const HEARD = (): string => 'clock_timestamp()';
