/** Objects that are opened or fetched at once: each may be a file or a connection. */
const SLOTS = 8;

/** Lets a few tasks run at a time, in the order in which they come. */
export class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free = SLOTS) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
