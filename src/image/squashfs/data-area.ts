import { crc32 } from 'node:zlib';
import type { BlockWriter } from './block-writer.ts';
import { emptyBlock, type FileContent, type StoredBlock } from './content.ts';

/**
 * Fills a buffer with the next bytes of a file's content.
 *
 * @returns false, and leaves the buffer as it is, where they are all zeros because they were never written.
 */
export type ReadContent = (target: Buffer) => Promise<boolean>;

/**
 * Writes the contents of files as they arrive. A file of at least a block is stored in blocks of its own; smaller ones
 * share fragment blocks, as mksquashfs does it without -always-use-fragments.
 */
export class DataArea {
  readonly #writer: BlockWriter;
  readonly #blockBytes: number;
  readonly #zeros: Buffer;
  #fragment: { readonly block: StoredBlock; readonly filling: Buffer; usedBytes: number } | undefined;

  constructor(writer: BlockWriter, blockBytes: number) {
    this.#writer = writer;
    this.#blockBytes = blockBytes;
    this.#zeros = Buffer.alloc(blockBytes);
  }

  async store(sizeBytes: number, read: ReadContent): Promise<FileContent> {
    if (sizeBytes === 0) {
      return { sizeBytes, blocks: [], checksum: 0 };
    }
    return sizeBytes < this.#blockBytes
      ? await this.#storeInFragment(sizeBytes, read)
      : await this.#storeInBlocks(sizeBytes, read);
  }

  /** Ends what belongs together: the blocks of a layer depend on this layer alone. */
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
        blocks.push(emptyBlock());
      }
    }
    if (buffer !== undefined) {
      this.#writer.giveBack(buffer);
    }
    return { sizeBytes, blocks, checksum };
  }

  async #storeInFragment(sizeBytes: number, read: ReadContent): Promise<FileContent> {
    if (this.#fragment !== undefined && this.#fragment.usedBytes + sizeBytes > this.#blockBytes) {
      this.#endFragment();
    }
    this.#fragment ??= { block: emptyBlock(), filling: await this.#writer.takeBuffer(), usedBytes: 0 };
    const { block, filling, usedBytes: offset } = this.#fragment;
    const raw = filling.subarray(offset, offset + sizeBytes);
    if (!(await read(raw)) || this.#isZero(raw)) {
      return { sizeBytes, blocks: [emptyBlock()], checksum: crc32(this.#zeros.subarray(0, sizeBytes)) };
    }
    this.#fragment.usedBytes += sizeBytes;
    return { sizeBytes, blocks: [], fragment: { block, offset }, checksum: crc32(raw) };
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
    return raw.equals(this.#zeros.subarray(0, raw.length));
  }
}
