import type { Request, Response } from 'express';

export interface Row {
  id: number;
}

interface Source<T extends Row> {
  /** Rows after the id, in order, a page at most. */
  after(id: number): Promise<T[]>;
  /** Whether no more rows will come, ever. Asked before the rows: what is written between the two is not missed. */
  isOver(): Promise<boolean>;
  /** Resolves when there may be more. */
  changed(): Promise<void>;
}

/** Connections are kept by a comment now and then: proxies close silent ones. */
const SILENCE_MS = 15_000;

export const wantsStream = (request: Request): boolean =>
  (request.headers.accept ?? '').split(',').some((type) => type.trim().startsWith('text/event-stream'));

/** Where a reader goes on: the Last-Event-ID header, which a browser sends by itself, else what the query says. */
export function positionOf(request: Request, after: number): number {
  const last = Number(request.headers['last-event-id']);
  return Number.isSafeInteger(last) && last >= 0 && request.headers['last-event-id'] !== '' ? last : after;
}

/**
 * Server-sent events: one a row, with the row's id, and at the end one named `end`. A reader that was cut off asks again with
 * Last-Event-ID, and misses nothing and gets nothing twice.
 */
export async function streamRows<T extends Row>(response: Response, from: number, source: Source<T>): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write(': open\n\n');
  let last = from;
  let spoken = Date.now();
  while (!response.destroyed) {
    const changed = source.changed();
    const over = await source.isOver();
    const rows = await source.after(last);
    for (const row of rows) response.write(`id: ${row.id}\ndata: ${JSON.stringify(row)}\n\n`);
    if (rows.length > 0) {
      last = rows.at(-1)!.id;
      spoken = Date.now();
      if (response.writableNeedDrain) await drained(response);
      continue; // there may be another page
    }
    if (over) {
      response.end('event: end\ndata: {}\n\n');
      return;
    }
    if (Date.now() - spoken > SILENCE_MS) {
      response.write(': here\n\n');
      spoken = Date.now();
    }
    await changed;
  }
}

const drained = (response: Response) =>
  new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
