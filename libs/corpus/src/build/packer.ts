import type { SpecialTokens } from '@orestes/contracts';

/** Fewer tokens of a document are not worth a sequence. */
const MIN_PIECES = 2;

/**
 * Cuts the tokens of documents into sequences [CLS] tokens [SEP] of at most `sequenceLength` tokens: each document into
 * consecutive chunks, all full but the last. A sequence never holds tokens of two documents.
 */
export class Packer {
  /** Ends of documents that were left out for being shorter than two tokens. */
  shortChunks = 0;
  private readonly sequence: Uint32Array;
  private filled = 1;
  private readonly sep: number;

  /** @param emit receives each sequence; the array is used again after the call */
  constructor(
    sequenceLength: number,
    { cls, sep }: Pick<SpecialTokens, 'cls' | 'sep'>,
    private readonly emit: (sequence: Uint32Array) => void,
  ) {
    this.sequence = new Uint32Array(sequenceLength);
    this.sequence[0] = cls;
    this.sep = sep;
  }

  /** More tokens of the current document. */
  add(ids: readonly number[]): void {
    const { sequence } = this;
    for (const id of ids) {
      if (this.filled === sequence.length - 1) this.flush();
      sequence[this.filled++] = id;
    }
  }

  endDocument(): void {
    if (this.filled > MIN_PIECES) this.flush();
    else if (this.filled > 1) this.shortChunks++;
    this.filled = 1;
  }

  private flush(): void {
    this.sequence[this.filled++] = this.sep;
    this.emit(this.sequence.subarray(0, this.filled));
    this.filled = 1;
  }
}
