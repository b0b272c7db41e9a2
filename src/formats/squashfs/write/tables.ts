import { HpcGatError } from '../../../support/errors.ts';
import type { BlockCodec } from '../codec.ts';
import { encodeSizeWord, type StoredBlock } from '../file-content.ts';
import { FieldWriter } from './field-writer.ts';
import { MetadataBlocks } from './metadata-blocks.ts';

/** Table whose metadata blocks are located by a list of their offsets at its end. */
export interface IndexedTable {
  readonly bytes: Buffer;
  /** Offset of the list in the file system, which the superblock contains. */
  readonly start: number;
}

/** Appends the list to a table. @param position offset of the table in the file system. */
function indexed(table: MetadataBlocks, position: number): IndexedTable {
  const { bytes, starts } = table.end();
  const list = new FieldWriter();
  for (const start of starts) {
    list.u64(position + start);
  }
  return { bytes: Buffer.concat([bytes, list.take()]), start: position + bytes.length };
}

/** Encodes the position and length of each fragment block, 16 bytes each. */
export function encodeFragmentTable(
  fragments: readonly StoredBlock[],
  codec: BlockCodec,
  position: number,
): IndexedTable {
  const table = new MetadataBlocks(codec);
  for (const fragment of fragments) {
    table.fields.u64(fragment.position);
    table.fields.u32(encodeSizeWord(fragment));
    table.fields.u32(0);
  }
  return indexed(table, position);
}

/** Encodes the reference of every inode, by its number minus one. NFS needs this table. */
export function encodeExportTable(
  references: Iterable<number>,
  codec: BlockCodec,
  position: number,
): IndexedTable {
  const table = new MetadataBlocks(codec);
  for (const reference of references) {
    table.fields.u64(reference);
  }
  return indexed(table, position);
}

/** Users and groups, each id once; inodes contain the index. */
export class IdTable {
  readonly #places = new Map<number, number>();

  /**
   * Returns the index of an id. @throws {HpcGatError} for more than 65,535 different ids: the superblock counts them
   * in 16 bits.
   */
  placeOf(id: number): number {
    let place = this.#places.get(id);
    if (place === undefined) {
      place = this.#places.size;
      if (place === 0xffff) {
        throw new HpcGatError(
          'the files of the image belong to more than 65,535 different users and groups, the limit of squashfs',
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
