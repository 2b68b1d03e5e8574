import { z } from 'zod';

const name = z.string().min(1).max(63);

/** GPUs that the jobs of a queue may hold together, by product; `*` is for jobs that ask for no product, and for products not named. */
export const Queue = z.strictObject({
  name,
  gpus: z.record(name, z.int().min(0)).default({}),
  /** Jobs at a time, those without GPUs included; left out: as many as there are. */
  jobs: z.int().min(0).optional(),
});
export type Queue = z.infer<typeof Queue>;

/** What a job asks of its queue. */
export interface Claim {
  queue: string;
  product: string | null;
  /** Of all its hosts together: all or nothing. */
  gpus: number;
}

/** The name under which the queue counts the claim's GPUs. */
export const flavorOf = ({ gpus }: Queue, { product }: Claim): string =>
  product !== null && product in gpus ? product : '*';

/** What a queue's jobs hold. */
export class Usage {
  private gpus = new Map<string, number>();
  private jobs = 0;

  constructor(readonly queue: Queue) {}

  copy(): Usage {
    const copy = new Usage(this.queue);
    copy.gpus = new Map(this.gpus);
    copy.jobs = this.jobs;
    return copy;
  }

  change(claim: Claim, sign: 1 | -1): void {
    const flavor = flavorOf(this.queue, claim);
    this.gpus.set(flavor, this.held(flavor) + sign * claim.gpus);
    this.jobs += sign;
  }

  held(flavor: string): number {
    return this.gpus.get(flavor) ?? 0;
  }

  fits(claim: Claim): boolean {
    return this.hasRoom(claim, 1);
  }

  /** Whether no more is held than there is of what a claim that is held asks for. */
  holds(claim: Claim): boolean {
    return this.hasRoom(claim, 0);
  }

  /** Whether the claim would fit if nobody held anything. */
  everFits(claim: Claim): boolean {
    return claim.gpus <= (claim.gpus === 0 ? 0 : this.limit(flavorOf(this.queue, claim))) && this.queue.jobs !== 0;
  }

  /** One sentence on why the claim does not fit. */
  shortage(claim: Claim): string {
    const { name, jobs } = this.queue;
    const flavor = flavorOf(this.queue, claim);
    const what = flavor === '*' ? 'GPUs' : `GPUs of ${flavor}`;
    if (claim.gpus > 0 && this.held(flavor) + claim.gpus > this.limit(flavor))
      return `${claim.gpus} ${what} are needed; ${this.held(flavor)} of the ${this.limit(flavor)} of queue ${name} are held`;
    return `queue ${name} runs ${jobs} jobs at a time`;
  }

  private hasRoom(claim: Claim, more: 0 | 1): boolean {
    const flavor = flavorOf(this.queue, claim);
    const room = claim.gpus === 0 || this.held(flavor) + more * claim.gpus <= this.limit(flavor);
    return room && this.jobs + more <= (this.queue.jobs ?? Infinity);
  }

  private limit(flavor: string): number {
    return this.queue.gpus[flavor] ?? 0;
  }
}
