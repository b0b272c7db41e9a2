import { HpcGatError } from '../../../support/errors.ts';
import type { BlockCodec } from '../codec.ts';
import { FieldWriter } from './field-writer.ts';
import { metadataBlockBytes, uncompressedMetadata } from '../layout.ts';

/** Position in a table: offset of the metadata block in the table, and offset in that block. */
export interface MetadataPlace {
  readonly block: number;
  readonly offset: number;
}

/**
 * Decodes a metadata reference: a number below 2^48, which a double represents exactly.
 *
 * @throws {HpcGatError} for a metadata block beyond the first 4 GiB of its table, because its offset has 32 bits.
 */
export function decodeReference(reference: number): MetadataPlace {
  if (reference >= 2 ** 48) {
    throw new HpcGatError(
      'the inodes or directories of the image take more than 4 GiB, the limit of squashfs',
      { fix: 'use a larger --block-size, which makes the inodes of large files smaller' },
    );
  }
  return { block: Math.floor(reference / 0x10000), offset: reference % 0x10000 };
}

/**
 * Table that is being built: consecutive fields, cut into metadata blocks, each compressed and preceded by its
 * length.
 */
export class MetadataBlocks {
  /** Writer for the next fields. */
  readonly fields = new FieldWriter();
  readonly #codec: BlockCodec;
  readonly #written: Buffer[] = [];
  readonly #starts: number[] = [];
  #writtenBytes = 0;

  constructor(codec: BlockCodec) {
    this.#codec = codec;
  }

  /** Reference of the next field. */
  get reference(): number {
    const { length } = this.fields;
    if (length >= metadataBlockBytes) {
      // All full blocks are written at once: the record of a large file has thousands of bytes.
      this.#endBlocks(this.fields.take(length - (length % metadataBlockBytes)));
    }
    return this.#writtenBytes * 0x10000 + this.fields.length;
  }

  /** @returns the table, and the offset of each of its blocks. */
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

/** Encodes one metadata block: its length as stored, with a flag if it is uncompressed, and its bytes. */
function metadataBlock(raw: Buffer, codec: BlockCodec): Buffer {
  const compressed = codec.compressSync(raw);
  return compressed.length < raw.length
    ? framed(compressed, compressed.length)
    : encodeUncompressedBlock(raw);
}

export function encodeUncompressedBlock(raw: Buffer): Buffer {
  return framed(raw, raw.length | uncompressedMetadata);
}

function framed(bytes: Buffer, word: number): Buffer {
  const block = Buffer.allocUnsafe(2 + bytes.length);
  block.writeUInt16LE(word);
  bytes.copy(block, 2);
  return block;
}
