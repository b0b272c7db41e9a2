import { HpcGatError } from '../../../support/errors.ts';
import type { BlockCodec } from '../codec.ts';
import { FieldWriter } from './field-writer.ts';
import { metadataBlockBytes, plainMetadata } from '../layout.ts';

/** Where something lies in a table: the place of its metadata block in the table, and its place in that block. */
export interface MetadataPlace {
  readonly block: number;
  readonly offset: number;
}

/**
 * Encodes a metadata reference as one number below 2^48, which a double represents exactly.
 *
 * @throws {HpcGatError} for a metadata block beyond the first 4 GiB of its table: its offset has 32 bits.
 */
export function placeOf(reference: number): MetadataPlace {
  if (reference >= 2 ** 48) {
    throw new HpcGatError(
      'the inodes or directories of the image take more than 4 GiB, which no squashfs can hold',
      { fix: 'a larger --block-size makes the inodes of large files smaller' },
    );
  }
  return { block: Math.floor(reference / 0x10000), offset: reference % 0x10000 };
}

/**
 * A table in the making: fields one behind the other, cut into metadata blocks, each compressed with its length before
 * it.
 */
export class MetadataBlocks {
  /** What comes next. */
  readonly fields = new FieldWriter();
  readonly #codec: BlockCodec;
  readonly #written: Buffer[] = [];
  readonly #starts: number[] = [];
  #writtenBytes = 0;

  constructor(codec: BlockCodec) {
    this.#codec = codec;
  }

  /** Where the next field will lie. */
  get reference(): number {
    const { length } = this.fields;
    if (length >= metadataBlockBytes) {
      // All that are full at once: the record of a large file has thousands.
      this.#endBlocks(this.fields.take(length - (length % metadataBlockBytes)));
    }
    return this.#writtenBytes * 0x10000 + this.fields.length;
  }

  /** @returns the table, and where each of its blocks begins in it. */
  end(): { readonly bytes: Buffer; readonly starts: readonly number[] } {
    this.#endBlocks(this.fields.take());
    return { bytes: Buffer.concat(this.#written), starts: this.#starts };
  }

  #endBlocks(raw: Buffer): void {
    for (let at = 0; at < raw.length; at += metadataBlockBytes) {
      const block = metadataBlock(raw.subarray(at, at + metadataBlockBytes), this.#codec);
      this.#starts.push(this.#writtenBytes);
      this.#written.push(block);
      this.#writtenBytes += block.length;
    }
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
