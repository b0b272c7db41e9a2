import { crc32 } from 'node:zlib';
import type { BlockWriter } from './block-writer.ts';
import type { FileContent, StoredBlock } from './content.ts';

/** Reads the next bytes of a file's content; undefined where they are all zeros because they were never written. */
export type ReadContent = (length: number) => Promise<Buffer | undefined>;

/**
 * Writes the contents of files as they arrive. A file of at least a block is stored in blocks of its own; smaller ones
 * share fragment blocks, as mksquashfs does it without -always-use-fragments.
 */
export class DataArea {
  readonly #writer: BlockWriter;
  readonly #blockBytes: number;
  readonly #zeros: Buffer;
  #fragment: { block: StoredBlock; filling: Buffer; usedBytes: number } | undefined;

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
    await this.#endFragment();
    await this.#writer.flush();
  }

  async #storeInBlocks(sizeBytes: number, read: ReadContent): Promise<FileContent> {
    const blocks: StoredBlock[] = [];
    let checksum = 0;
    for (let left = sizeBytes; left > 0; left -= this.#blockBytes) {
      const length = Math.min(left, this.#blockBytes);
      const raw = await read(length);
      checksum = crc32(raw ?? this.#zeros.subarray(0, length), checksum);
      blocks.push(raw === undefined || this.#isZero(raw) ? hole() : await this.#writer.add(raw));
    }
    return { sizeBytes, blocks, checksum };
  }

  async #storeInFragment(sizeBytes: number, read: ReadContent): Promise<FileContent> {
    const raw = (await read(sizeBytes)) ?? this.#zeros.subarray(0, sizeBytes);
    if (this.#isZero(raw)) {
      return { sizeBytes, blocks: [hole()], checksum: crc32(raw) };
    }
    if (this.#fragment !== undefined && this.#fragment.usedBytes + sizeBytes > this.#blockBytes) {
      await this.#endFragment();
    }
    this.#fragment ??= {
      block: { position: 0, storedBytes: 0, plain: false },
      filling: Buffer.allocUnsafe(this.#blockBytes),
      usedBytes: 0,
    };
    const { block, filling, usedBytes: offset } = this.#fragment;
    raw.copy(filling, offset);
    this.#fragment.usedBytes += sizeBytes;
    return { sizeBytes, blocks: [], fragment: { block, offset }, checksum: crc32(raw) };
  }

  async #endFragment(): Promise<void> {
    if (this.#fragment !== undefined) {
      const { block, filling, usedBytes } = this.#fragment;
      this.#fragment = undefined;
      await this.#writer.add(filling.subarray(0, usedBytes), block);
    }
  }

  #isZero(raw: Buffer): boolean {
    return raw.equals(this.#zeros.subarray(0, raw.length));
  }
}

function hole(): StoredBlock {
  return { position: 0, storedBytes: 0, plain: false };
}
