import { metadataBlockBytes } from '../layout.ts';
import type { Area } from './area.ts';
import type { Blocks } from './block-reader.ts';
import { readMetadataTable, type MetadataTable } from './metadata-table.ts';

/** A file system with more inodes, fragments or sets of xattrs is refused: each takes some memory while it is read. */
export const maxEntries = 8 * 1024 * 1024;

/** A table that is found by a list of its metadata blocks, which lies right behind them. */
export interface IndexedTable {
  readonly table: MetadataTable;
  /** Where its first metadata block begins, and where its list ends, from the beginning of the file system. */
  readonly start: number;
  readonly end: number;
}

export interface IndexedTableFacts {
  /** With its article, as in "the fragment table". */
  readonly name: string;
  readonly entries: number;
  readonly entryBytes: number;
  /** Where its metadata blocks end. */
  readonly blocksEnd: number;
  /** Where its list begins; the table of xattr sets has a head in between. */
  readonly list?: number;
}

/** @throws {InvalidSifError} when blocks and list do not lie one behind the other, or hold more or less than that. */
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
      throw area.broken(`the list of ${name} has block ${number} at ${place}, where it does not begin`);
    }
  }
  if (table.bytes.length !== entries * entryBytes) {
    throw area.broken(`${name} has ${table.bytes.length} bytes instead of ${entries} times ${entryBytes}`);
  }
  return { table, start, end: list + 8 * count };
}
