import { metadataBlockBytes } from '../layout.ts';
import type { Area } from './area.ts';
import type { Blocks } from './block-reader.ts';
import { readMetadataTable, type MetadataTable } from './metadata-table.ts';

/** Limit for inodes, fragments and sets of xattrs: each takes some memory while it is read. */
export const maxEntries = 8 * 1024 * 1024;

/** Table that is located by a list of its metadata blocks, which directly follows them. */
export interface IndexedTable {
  readonly table: MetadataTable;
  /** Offsets of its first metadata block and of the end of its list, relative to the file system. */
  readonly start: number;
  readonly end: number;
}

export interface IndexedTableFacts {
  /** Name with its article, as in "the fragment table". */
  readonly name: string;
  readonly entries: number;
  readonly entryBytes: number;
  /** Offset of the end of its metadata blocks. */
  readonly blocksEnd: number;
  /** Offset of its list; the table of xattr sets has a header before it. */
  readonly list?: number;
}

/** @throws {InvalidSifError} if blocks and list are not consecutive, or do not contain exactly the entries. */
export async function readIndexedTable(
  area: Area,
  blocks: Blocks,
  { name, entries, entryBytes, blocksEnd, list = blocksEnd }: IndexedTableFacts,
): Promise<IndexedTable> {
  if (entries > maxEntries) {
    throw area.refused(`has ${entries} entries in ${name}; hpc-gat reads up to ${maxEntries}`);
  }
  const count = Math.ceil((entries * entryBytes) / metadataBlockBytes);
  const places = await area.read(list, 8 * count, `the list of ${name}`);
  const start = count === 0 ? blocksEnd : Number(places.readBigUInt64LE(0));
  const table = await readMetadataTable(area, blocks, name, { start, end: blocksEnd });
  for (let number = 0; number < count; number += 1) {
    const place = Number(places.readBigUInt64LE(8 * number));
    if (table.offsetOf({ block: place - start, offset: 0 }) !== number * metadataBlockBytes) {
      throw area.broken(
        `the list of ${name} has block ${number} at ${place}, but that block begins elsewhere`,
      );
    }
  }
  if (table.bytes.length !== entries * entryBytes) {
    throw area.broken(`${name} has ${table.bytes.length} bytes instead of ${entries} times ${entryBytes}`);
  }
  return { table, start, end: list + 8 * count };
}
