import type { ByteReader } from './byte-reader.ts';
import type { DataRun } from './tar-entry.ts';
import { recordBytes } from './header.ts';

const noRuns: readonly DataRun[] = [];

/** Stored content of the current entry. It is read as far as the caller needs it; the rest is skipped. */
export class StoredContent {
  readonly #bytes: ByteReader;
  readonly #cutOff: () => Error;
  /** Stored bytes that were not read yet; the padding follows them. */
  #left = 0;
  #padding = 0;
  #runs = noRuns;
  #run = 0;
  #at = 0;

  /** @param cutOff creates the error for a stream that ends before the content does. */
  constructor(bytes: ByteReader, cutOff: () => Error) {
    this.#bytes = bytes;
    this.#cutOff = cutOff;
  }

  /** Number of stored bytes that were not read yet. */
  get leftBytes(): number {
    return this.#left;
  }

  /** Starts the content of an entry, after its header. The content is stored whole unless {@link spread} is called. */
  begin(storedBytes: number): void {
    this.#left = storedBytes;
    this.#padding = (recordBytes - (storedBytes % recordBytes)) % recordBytes;
    this.#runs = storedBytes === 0 ? noRuns : [{ offset: 0, bytes: storedBytes }];
    this.#run = 0;
    this.#at = 0;
  }

  /** Sets the offsets of the remaining stored bytes of a sparse file. */
  spread(runs: readonly DataRun[]): void {
    this.#runs = runs;
  }

  /** Skips the unread rest. The stream may end within the padding, which some builders omit after the last file. */
  end(): undefined | Promise<void> {
    const rest = this.#left + this.#padding;
    const passed = this.#bytes.skip(rest);
    return passed === rest ? undefined : this.#expectAll(passed, this.#left);
  }

  /** Reads the whole content; it is valid until the next read. */
  async readWhole(): Promise<Buffer> {
    const sizeBytes = this.#left;
    const bytes = await this.#bytes.read(sizeBytes + this.#padding);
    if (bytes.length < sizeBytes) {
      throw this.#cutOff();
    }
    this.#left = 0;
    this.#padding = 0;
    return bytes.subarray(0, sizeBytes);
  }

  /** Reads stored bytes that are not content: the map of a sparse file. */
  async readStored(length: number): Promise<Buffer> {
    const bytes = await this.#bytes.read(length);
    if (bytes.length < length) {
      throw this.#cutOff();
    }
    this.#left -= length;
    return bytes;
  }

  /**
   * Fills a buffer, no longer than the rest of the content, with the next bytes of the content; holes become zeros.
   *
   * @returns false, and leaves the buffer unchanged, if all of the bytes are in a hole.
   */
  read(target: Buffer): boolean | Promise<boolean> {
    const from = this.#at;
    const to = from + target.length;
    this.#at = to;
    const first = this.#runs[this.#run];
    if (first !== undefined && first.offset <= from && first.offset + first.bytes >= to) {
      const reading = this.#readInto(target);
      return reading === undefined || reading.then(() => true);
    }
    return this.#readRuns(target, from, to);
  }

  async #readRuns(target: Buffer, from: number, to: number): Promise<boolean> {
    let any = false;
    for (;;) {
      const run = this.#runs[this.#run];
      if (run === undefined || run.offset >= to) {
        return any;
      }
      const begin = Math.max(run.offset, from);
      const end = Math.min(run.offset + run.bytes, to);
      if (end > begin) {
        if (!any) {
          target.fill(0);
          any = true;
        }
        await this.#readInto(target.subarray(begin - from, end - from));
      }
      if (run.offset + run.bytes > to) {
        return any;
      }
      this.#run += 1;
    }
  }

  /** @returns undefined if the bytes were already available. */
  #readInto(target: Buffer): undefined | Promise<void> {
    this.#left -= target.length;
    const read = this.#bytes.readInto(target);
    return read === target.length ? undefined : this.#expectAll(read, target.length);
  }

  async #expectAll(read: number | Promise<number>, wanted: number): Promise<void> {
    if ((await read) < wanted) {
      throw this.#cutOff();
    }
  }
}
