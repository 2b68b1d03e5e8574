/**
 * Chris Doty-Humphrey's sfc32 (PractRand 0.94), keyed by three words and a use: short, fast, of good quality. Each key is
 * a stream of its own, so that a mask or an order depends on nothing that was drawn before.
 */
export class KeyedRandom {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 0;

  /** Begins the stream of a key of unsigned 32-bit words. */
  key(seed: number, epoch: number, item: number, use: number): this {
    this.a = seed | 0;
    this.b = epoch | 0;
    this.c = item | 0;
    this.counter = use | 0;
    for (let i = 0; i < 15; i++) this.next();
    return this;
  }

  /** 32 random bits, as a signed integer. */
  next(): number {
    const { b, c } = this;
    const out = (this.a + b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = b ^ (b >>> 9);
    this.b = (c + (c << 3)) | 0;
    this.c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out;
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return (this.next() >>> 0) * 2 ** -32;
  }

  /** Uniform integer in [0, limit), for limits up to 2^31; its bias is below limit / 2^32. */
  below(limit: number): number {
    return Math.floor((this.next() >>> 0) * 2 ** -32 * limit);
  }
}

/** What a key is used for: streams that share a seed and an epoch stay apart. */
export const USES = { masks: 0x6d61736b, shards: 0x73686172, samples: 0x73616d70 } as const;

/** Fisher-Yates. */
export function shuffle(items: Uint32Array, random: KeyedRandom): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const item = items[i]!;
    items[i] = items[j]!;
    items[j] = item;
  }
}
