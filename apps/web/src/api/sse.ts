/** One message of an event stream. */
export interface SseMessage {
  event: string;
  data: string;
  id: string | null;
}

/** Server-sent events out of chunks of text that may be cut anywhere (WHATWG HTML, 9.2.6). */
export class SseParser {
  private rest = '';
  private event = '';
  private data: string[] = [];
  private id: string | null = null;

  /** @returns the messages that this chunk ends */
  push(chunk: string): SseMessage[] {
    const text = this.rest + chunk;
    // A CR at the end may be half of a CRLF, so it waits for the next chunk.
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    this.rest = lines.pop()! + text.slice(whole.length);
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): SseMessage[] {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    if (field === 'data') this.data.push(value);
    if (field === 'id') this.id = value;
    return [];
  }

  private dispatch(): SseMessage[] {
    const message = { event: this.event || 'message', data: this.data.join('\n'), id: this.id };
    const empty = this.data.length === 0 && this.event === '';
    this.event = '';
    this.data = [];
    return empty ? [] : [message];
  }
}
