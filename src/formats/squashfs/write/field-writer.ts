/** Writes the fields of records consecutively, little-endian. */
export class FieldWriter {
  #bytes = Buffer.alloc(4096);
  #length = 0;

  u16(value: number): void {
    const at = this.#pass(2);
    this.#bytes.writeUInt16LE(value, at);
  }

  i16(value: number): void {
    const at = this.#pass(2);
    this.#bytes.writeInt16LE(value, at);
  }

  u32(value: number): void {
    const at = this.#pass(4);
    this.#bytes.writeUInt32LE(value, at);
  }

  /**
   * Writes a 64-bit size or offset.
   *
   * @throws {RangeError} for a value that is not a safe integer.
   */
  u64(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`${value} is neither a size nor an offset`);
    }
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }

  /** @param text one character per byte */
  text(text: string): void {
    const at = this.#pass(text.length);
    this.#bytes.write(text, at, 'latin1');
  }

  bytes(bytes: Buffer): void {
    const at = this.#pass(bytes.length);
    bytes.copy(this.#bytes, at);
  }

  /** Number of bytes that were written and not taken. */
  get length(): number {
    return this.#length;
  }

  /** Removes and returns the first bytes. */
  take(length = this.#length): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, length));
    this.#bytes.copyWithin(0, length, this.#length);
    this.#length -= length;
    return taken;
  }

  /** Reserves space. @returns its offset. */
  #pass(length: number): number {
    const from = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes], this.#length * 2);
    }
    return from;
  }
}
