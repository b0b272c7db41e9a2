/**
 * Reads a stream of chunks, each of which holds until the next one is asked for, in pieces of any length. What lies in the
 * present chunk is given at once, without a promise: a layer may have a million pieces.
 */
export class ByteReader {
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes of the chunks before this one. */
  #before = 0;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes were read or passed over. */
  get position(): number {
    return this.#before + this.#at;
  }

  /**
   * The next `length` bytes, fewer at the end of the stream. A view into a chunk where it can be: it holds until
   * something else is read.
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

  /** Fills a buffer. @returns how many bytes came: fewer than its length at the end of the stream. */
  readInto(target: Buffer): number | Promise<number> {
    const end = this.#at + target.length;
    if (end > this.#chunk.length) {
      return this.#readIntoAcross(target);
    }
    this.#chunk.copy(target, 0, this.#at, end);
    this.#at = end;
    return target.length;
  }

  /** @returns how many bytes were passed over: fewer than `length` at the end of the stream. */
  skip(length: number): number | Promise<number> {
    const end = this.#at + length;
    if (end > this.#chunk.length) {
      return this.#skipAcross(length);
    }
    this.#at = end;
    return length;
  }

  async #skipAcross(length: number): Promise<number> {
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

  /** Tells the stream that nobody reads on. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #readAcross(length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafe(length);
    return target.subarray(0, await this.#readIntoAcross(target));
  }

  async #readIntoAcross(target: Buffer): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const copied = this.#chunk.copy(target, done, this.#at);
      this.#at += copied;
      done += copied;
      if (done < target.length && !(await this.#next())) {
        break;
      }
    }
    return done;
  }

  async #next(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) {
      return false;
    }
    this.#before += this.#chunk.length;
    this.#chunk = next.value;
    this.#at = 0;
    return true;
  }
}
