import { encodeSizeWord, type FileContent, type StoredBlock } from '../file-content.ts';
import type { BlockCodec } from '../codec.ts';

/** Maximum number of decompressed fragment blocks in memory: small files of one kind tend to be adjacent. */
const maxFragments = 16;

/** Maximum number of contents to compare: more different contents with one length and CRC-32 are deliberate. */
const maxAlike = 16;

/** Fills a buffer with the stored bytes from a position in the file system on. */
export type ReadStored = (position: number, into: Buffer) => Promise<unknown>;

/** Finds contents that were already written, by comparing the stored bytes. */
export class Duplicates {
  readonly #readStored: ReadStored;
  readonly #codec: BlockCodec;
  /** One or several contents by their key. */
  readonly #seen = new Map<number | string, FileContent | FileContent[]>();
  readonly #fragments = new Map<StoredBlock, Buffer>();
  /** Reused for reading: a buffer for each block would trigger the garbage collector. */
  readonly #buffer: Buffer;
  readonly #otherBuffer: Buffer;

  /** @param blockBytes the largest block. */
  constructor(readStored: ReadStored, codec: BlockCodec, blockBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(blockBytes);
    this.#otherBuffer = Buffer.allocUnsafeSlow(blockBytes);
    this.#readStored = readStored;
    this.#codec = codec;
  }

  /** Returns the first content that was passed with the same bytes, or the content itself if there was none. */
  canonical(content: FileContent): FileContent | Promise<FileContent> {
    const key = keyOf(content);
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      this.#seen.set(key, content);
      return content;
    }
    return this.#firstAmong(Array.isArray(seen) ? seen : [seen], content, key);
  }

  async #firstAmong(
    alike: readonly FileContent[],
    content: FileContent,
    key: number | string,
  ): Promise<FileContent> {
    for (const one of alike) {
      if (one === content || (await this.#sameBytes(one, content))) {
        return one;
      }
    }
    if (alike.length < maxAlike) {
      this.#seen.set(key, [...alike, content]);
    }
    return content;
  }

  /** Compares stored blocks without decompressing them: one codec compresses equal bytes to equal blocks. */
  async #sameBytes(one: FileContent, other: FileContent): Promise<boolean> {
    for (const [index, block] of one.blocks.entries()) {
      const otherBlock = other.blocks[index];
      if (otherBlock === undefined) {
        return false;
      }
      const stored = await this.#read(block, this.#buffer);
      if (!stored.equals(await this.#read(otherBlock, this.#otherBuffer))) {
        return false;
      }
    }
    const [tail, otherTail] = [await this.#inFragment(one), await this.#inFragment(other)];
    return tail.equals(otherTail);
  }

  async #inFragment({ fragment, sizeBytes }: FileContent): Promise<Buffer> {
    if (fragment === undefined) {
      return Buffer.alloc(0);
    }
    const { block, offset } = fragment;
    let raw = this.#fragments.get(block);
    if (raw === undefined) {
      const stored = await this.#read(block, this.#buffer);
      raw = block.isUncompressed ? Buffer.from(stored) : this.#codec.decompressSync(stored);
      for (const oldest of [...this.#fragments.keys()].slice(0, this.#fragments.size - maxFragments + 1)) {
        this.#fragments.delete(oldest);
      }
      this.#fragments.set(block, raw);
    }
    return raw.subarray(offset, offset + sizeBytes);
  }

  async #read({ position, storedBytes }: StoredBlock, into: Buffer): Promise<Buffer> {
    const stored = into.subarray(0, storedBytes);
    if (storedBytes > 0) {
      await this.#readStored(position, stored);
    }
    return stored;
  }
}

/**
 * Returns the key of a content; contents with different keys differ. For small files, of less than 2^20 bytes, the
 * key is a number, which is faster.
 */
function keyOf({ sizeBytes, checksum, blocks }: FileContent): number | string {
  return blocks.length === 0
    ? checksum * 2 ** 20 + sizeBytes
    : `${sizeBytes} ${checksum} ${blocks.map(encodeSizeWord).join(' ')}`;
}
