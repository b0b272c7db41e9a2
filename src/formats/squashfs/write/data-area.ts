import { crc32 } from 'node:zlib';
import type { BlockWriter } from './block-writer.ts';
import { createHole, type FileContent, type StoredBlock } from '../file-content.ts';

/**
 * Fills a buffer with the next bytes of a file's content, synchronously if they are available.
 *
 * @returns false, and leaves the buffer unchanged, if all of them are zeros that were never written.
 */
export type ReadContent = (target: Buffer) => boolean | Promise<boolean>;

/** Fragment block that is being filled with small files. */
interface Fragment {
  readonly block: StoredBlock;
  readonly filling: Buffer;
  usedBytes: number;
}

const noBlocks: readonly StoredBlock[] = [];

/**
 * Writes the contents of files as they arrive. A file of at least one block is stored in separate blocks; smaller
 * files share fragment blocks, as with mksquashfs without -always-use-fragments.
 */
export class DataArea {
  readonly #writer: BlockWriter;
  readonly #blockBytes: number;
  readonly #zeros: Buffer;
  #fragment: Fragment | undefined;

  constructor(writer: BlockWriter, blockBytes: number) {
    this.#writer = writer;
    this.#blockBytes = blockBytes;
    this.#zeros = Buffer.alloc(blockBytes);
  }

  store(sizeBytes: number, read: ReadContent): FileContent | Promise<FileContent> {
    if (sizeBytes === 0) {
      return { sizeBytes, blocks: noBlocks, checksum: 0 };
    }
    return sizeBytes < this.#blockBytes
      ? this.#storeInFragment(sizeBytes, read)
      : this.#storeInBlocks(sizeBytes, read);
  }

  /** Ends a layer, so that the blocks of a layer depend on this layer only. */
  async endLayer(): Promise<void> {
    this.#endFragment();
    await this.#writer.flush();
  }

  async #storeInBlocks(sizeBytes: number, read: ReadContent): Promise<FileContent> {
    const blocks: StoredBlock[] = [];
    let checksum = 0;
    let buffer: Buffer | undefined;
    for (let left = sizeBytes; left > 0; left -= this.#blockBytes) {
      const length = Math.min(left, this.#blockBytes);
      buffer ??= await this.#writer.takeBuffer();
      const raw = buffer.subarray(0, length);
      if ((await read(raw)) && !this.#isZero(raw)) {
        checksum ||= crc32(raw);
        blocks.push(this.#writer.add(buffer, length));
        buffer = undefined;
      } else {
        blocks.push(createHole());
      }
    }
    if (buffer !== undefined) {
      this.#writer.giveBack(buffer);
    }
    return { sizeBytes, blocks, checksum };
  }

  #storeInFragment(sizeBytes: number, read: ReadContent): FileContent | Promise<FileContent> {
    if (this.#fragment !== undefined && this.#fragment.usedBytes + sizeBytes > this.#blockBytes) {
      this.#endFragment();
    }
    return this.#fragment === undefined
      ? this.#beginFragment(sizeBytes, read)
      : this.#fillFragment(this.#fragment, sizeBytes, read);
  }

  async #beginFragment(sizeBytes: number, read: ReadContent): Promise<FileContent> {
    this.#fragment = { block: createHole(), filling: await this.#writer.takeBuffer(), usedBytes: 0 };
    return this.#fillFragment(this.#fragment, sizeBytes, read);
  }

  #fillFragment(
    fragment: Fragment,
    sizeBytes: number,
    read: ReadContent,
  ): FileContent | Promise<FileContent> {
    const { block, filling, usedBytes: offset } = fragment;
    const raw = filling.subarray(offset, offset + sizeBytes);
    const end = (isStored: boolean): FileContent => {
      if (!isStored || this.#isZero(raw)) {
        return { sizeBytes, blocks: [createHole()], checksum: crc32(this.#zeros.subarray(0, sizeBytes)) };
      }
      fragment.usedBytes += sizeBytes;
      return { sizeBytes, blocks: noBlocks, fragment: { block, offset }, checksum: crc32(raw) };
    };
    const reading = read(raw);
    return typeof reading === 'boolean' ? end(reading) : reading.then(end);
  }

  #endFragment(): void {
    if (this.#fragment !== undefined) {
      const { block, filling, usedBytes } = this.#fragment;
      this.#fragment = undefined;
      if (usedBytes > 0) {
        this.#writer.add(filling, usedBytes, block);
      } else {
        this.#writer.giveBack(filling);
      }
    }
  }

  #isZero(raw: Buffer): boolean {
    return raw[0] === 0 && raw.equals(this.#zeros.subarray(0, raw.length));
  }
}
