import type { Area } from './area.ts';

/** Reads the fields of a record consecutively, little-endian, and never past the end of its table. */
export class Fields {
  readonly #area: Area;
  readonly #bytes: Buffer;
  readonly #what: string;
  #at: number;

  /** @param what name of the record, for messages. */
  constructor(area: Area, bytes: Buffer, at: number, what: string) {
    this.#area = area;
    this.#bytes = bytes;
    this.#at = at;
    this.#what = what;
  }

  /** Offset of the next field. */
  get at(): number {
    return this.#at;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#pass(2));
  }

  i16(): number {
    return this.#bytes.readInt16LE(this.#pass(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#pass(4));
  }

  /** Reads a 64-bit size or offset. */
  u64(name: string): number {
    const value = this.#bytes.readBigUInt64LE(this.#pass(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.#area.broken(`${this.#what} has an impossible ${name}: ${value.toString()}`);
    }
    return Number(value);
  }

  take(length: number): Buffer {
    const from = this.#pass(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** Skips bytes. @returns their offset. */
  #pass(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) {
      throw this.#area.broken(`${this.#what} extends past the end of its table`);
    }
    this.#at = from + length;
    return from;
  }
}
