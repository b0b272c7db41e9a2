/**
 * Reads a stream of chunks in pieces of any length; each chunk is valid until the next one is requested. A piece
 * inside the current chunk is returned without a promise, because a layer may have a million pieces.
 */
export class ByteReader {
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes of the chunks before the current one. */
  #before = 0;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Number of bytes that were read or skipped. */
  get position(): number {
    return this.#before + this.#at;
  }

  /**
   * Reads the next `length` bytes, or fewer at the end of the stream. The result may be a view into the current
   * chunk, which is valid until the next read.
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

  /** Fills a buffer. @returns the number of bytes read: fewer than its length at the end of the stream. */
  readInto(target: Buffer): number | Promise<number> {
    const end = this.#at + target.length;
    if (end > this.#chunk.length) {
      return this.#readIntoAcross(target);
    }
    this.#chunk.copy(target, 0, this.#at, end);
    this.#at = end;
    return target.length;
  }

  /** @returns the number of bytes skipped: fewer than `length` at the end of the stream. */
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

  /** Closes the stream; no further bytes are read from it. */
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
