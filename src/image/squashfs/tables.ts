import { HpcGatError } from '../../support/errors.ts';
import type { BlockCodec } from './codec.ts';
import { sizeWord, type StoredBlock } from './content.ts';
import { MetadataBlocks } from './metadata-blocks.ts';

/** A table whose metadata blocks are found by a list of their places, and where in it that list begins. */
export interface IndexedTable {
  readonly bytes: Buffer;
  /** Place of the list in the file system: what the superblock names. */
  readonly start: number;
}

/** @param position where the table will lie in the file system. */
function indexed(table: MetadataBlocks, position: number): IndexedTable {
  const { bytes, starts } = table.end();
  const list = Buffer.alloc(8 * starts.length);
  starts.forEach((start, index) => list.writeBigUInt64LE(BigInt(position + start), 8 * index));
  return { bytes: Buffer.concat([bytes, list]), start: position + bytes.length };
}

/** Where each fragment block lies and how long it is, 16 bytes each. */
export function fragmentTable(
  fragments: readonly StoredBlock[],
  codec: BlockCodec,
  position: number,
): IndexedTable {
  const table = new MetadataBlocks(codec);
  for (const fragment of fragments) {
    const entry = Buffer.alloc(16);
    entry.writeBigUInt64LE(BigInt(fragment.position), 0);
    entry.writeUInt32LE(sizeWord(fragment), 8);
    table.append(entry);
  }
  return indexed(table, position);
}

/** The reference of every inode, by its number: what NFS needs. */
export function exportTable(
  references: readonly number[],
  codec: BlockCodec,
  position: number,
): IndexedTable {
  const table = new MetadataBlocks(codec);
  const bytes = Buffer.alloc(8 * references.length);
  references.forEach((reference, index) => bytes.writeBigUInt64LE(BigInt(reference), 8 * index));
  table.append(bytes);
  return indexed(table, position);
}

/** Users and groups, each number once; inodes name their place in it. */
export class IdTable {
  readonly #places = new Map<number, number>();

  /** @throws {HpcGatError} for more than 65,535 different ones: the superblock counts them in 16 bits. */
  placeOf(id: number): number {
    let place = this.#places.get(id);
    if (place === undefined) {
      place = this.#places.size;
      if (place === 0xffff) {
        throw new HpcGatError(
          'the files of the image belong to more than 65,535 different users and groups, which no squashfs can hold',
        );
      }
      this.#places.set(id, place);
    }
    return place;
  }

  get size(): number {
    return this.#places.size;
  }

  end(codec: BlockCodec, position: number): IndexedTable {
    const table = new MetadataBlocks(codec);
    const bytes = Buffer.alloc(4 * this.#places.size);
    [...this.#places.keys()].forEach((id, index) => bytes.writeUInt32LE(id, 4 * index));
    table.append(bytes);
    return indexed(table, position);
  }
}
