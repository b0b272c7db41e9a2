import { HpcGatError } from '../../../support/errors.ts';
import type { BlockCodec } from '../codec.ts';
import { sizeWord, type StoredBlock } from '../file-content.ts';
import { FieldWriter } from './field-writer.ts';
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
  const list = new FieldWriter();
  for (const start of starts) {
    list.u64(position + start);
  }
  return { bytes: Buffer.concat([bytes, list.take()]), start: position + bytes.length };
}

/** Where each fragment block lies and how long it is, 16 bytes each. */
export function fragmentTable(
  fragments: readonly StoredBlock[],
  codec: BlockCodec,
  position: number,
): IndexedTable {
  const table = new MetadataBlocks(codec);
  for (const fragment of fragments) {
    table.fields.u64(fragment.position);
    table.fields.u32(sizeWord(fragment));
    table.fields.u32(0);
  }
  return indexed(table, position);
}

/** The reference of every inode, by its number less one: what NFS needs. */
export function exportTable(references: Iterable<number>, codec: BlockCodec, position: number): IndexedTable {
  const table = new MetadataBlocks(codec);
  for (const reference of references) {
    table.fields.u64(reference);
  }
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
          { fix: 'check how the image was built: each distinct owner and group of a file counts once' },
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
    for (const id of this.#places.keys()) {
      table.fields.u32(id);
    }
    return indexed(table, position);
  }
}
