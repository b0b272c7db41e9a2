/** Reads a stream of chunks in pieces of any length, without copying what lies inside one chunk. */
export class ByteReader {
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * The next `length` bytes, fewer at the end of the stream. A view into a chunk where it can be: whoever keeps a
   * small piece for long copies it.
   */
  read(length: number): Buffer | Promise<Buffer> {
    const end = this.#at + length;
    if (end > this.#chunk.length) {
      return this.#readAcross(length);
    }
    const piece = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }

  /** @returns how many bytes were passed over: fewer than `length` at the end of the stream. */
  async skip(length: number): Promise<number> {
    let left = length;
    while (left > 0) {
      const here = Math.min(left, this.#chunk.length - this.#at);
      this.#at += here;
      left -= here;
      if (left > 0 && !(await this.#next())) {
        break;
      }
    }
    return length - left;
  }

  async #readAcross(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let left = length;
    while (left > 0) {
      const piece = this.#chunk.subarray(this.#at, this.#at + left);
      this.#at += piece.length;
      left -= piece.length;
      pieces.push(piece);
      if (left > 0 && !(await this.#next())) {
        break;
      }
    }
    return Buffer.concat(pieces, length - left);
  }

  async #next(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) {
      return false;
    }
    this.#chunk = next.value;
    this.#at = 0;
    return true;
  }
}
