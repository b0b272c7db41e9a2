import type { BlockCodec } from './codec.ts';
import { metadataBlockBytes, plainMetadata } from './layout.ts';

/** Where something lies in a table: the place of its metadata block in the table, and its place in that block. */
export interface MetadataPlace {
  readonly block: number;
  readonly offset: number;
}

/** Both in one number, as inodes are referred to; below 2^48, so a double holds it. */
export function reference({ block, offset }: MetadataPlace): number {
  return block * 0x10000 + offset;
}

/** A table in the making: bytes appended, cut into metadata blocks, each compressed with its length before it. */
export class MetadataBlocks {
  readonly #codec: BlockCodec;
  readonly #written: Buffer[] = [];
  readonly #starts: number[] = [];
  #writtenBytes = 0;
  /** The present block, and how much of it is filled. */
  readonly #filling = Buffer.alloc(metadataBlockBytes);
  #filled = 0;

  constructor(codec: BlockCodec) {
    this.#codec = codec;
  }

  /** Where the next bytes will lie. */
  get place(): MetadataPlace {
    return { block: this.#writtenBytes, offset: this.#filled };
  }

  append(bytes: Buffer): void {
    for (let done = 0; done < bytes.length;) {
      const copied = bytes.copy(this.#filling, this.#filled, done);
      this.#filled += copied;
      done += copied;
      if (this.#filled === metadataBlockBytes) {
        this.#endBlock();
      }
    }
  }

  /** @returns the table, and where each of its blocks begins in it. */
  end(): { readonly bytes: Buffer; readonly starts: readonly number[] } {
    if (this.#filled > 0) {
      this.#endBlock();
    }
    return { bytes: Buffer.concat(this.#written), starts: this.#starts };
  }

  #endBlock(): void {
    const block = metadataBlock(this.#filling.subarray(0, this.#filled), this.#codec);
    this.#filled = 0;
    this.#starts.push(this.#writtenBytes);
    this.#written.push(block);
    this.#writtenBytes += block.length;
  }
}

/** One metadata block: its length as stored, with a flag when it is not compressed, and its bytes. */
function metadataBlock(raw: Buffer, codec: BlockCodec): Buffer {
  const compressed = codec.compressSync(raw);
  return compressed.length < raw.length ? framed(compressed, compressed.length) : plainMetadataBlock(raw);
}

export function plainMetadataBlock(raw: Buffer): Buffer {
  return framed(raw, raw.length | plainMetadata);
}

function framed(bytes: Buffer, word: number): Buffer {
  const block = Buffer.allocUnsafe(2 + bytes.length);
  block.writeUInt16LE(word);
  bytes.copy(block, 2);
  return block;
}
