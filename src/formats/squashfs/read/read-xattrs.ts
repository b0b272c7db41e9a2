import { toPrintableBytes } from '../../../support/text/printable.ts';
import { xattrPrefixes } from '../layout.ts';
import type { Area } from './area.ts';
import type { Blocks } from './block-reader.ts';
import { Fields } from './fields.ts';
import { readIndexedTable } from './indexed-table.ts';
import { readMetadataTable, type MetadataTable, type TablePlace } from './metadata-table.ts';

/** Xattrs of a file system: sets of names and values. Inodes contain the number of their set. */
export interface XattrTable {
  readonly sets: readonly StoredXattrSet[];
  /** Names and values of all sets, stored consecutively. */
  readonly pairs: MetadataTable;
  /** Start and end offset of the tables. */
  readonly start: number;
  readonly end: number;
}

export interface StoredXattrSet {
  /** Position in the table of pairs. */
  readonly place: TablePlace;
  readonly pairs: number;
  /** Size as stored: mksquashfs counts full names with their NUL, and values. */
  readonly sizeBytes: number;
}

/** Name and value in a set. */
export interface StoredXattr {
  /** Name with one character per byte. */
  readonly name: string;
  readonly value: Buffer;
}

const headBytes = 16;
const setBytes = 16;
/** Maximum number of pairs: Linux lists at most 64 KiB of names. */
const maxPairs = 65_536;

/** Reads the xattr tables. @param position offset of their header. */
export async function readXattrTable(area: Area, blocks: Blocks, position: number): Promise<XattrTable> {
  const head = await area.read(position, headBytes, 'the header of the xattr tables');
  const start = Number(head.readBigUInt64LE(0));
  if (head.readUInt32LE(12) !== 0) {
    throw area.broken('the header of the xattr tables ends with a word that is not zero');
  }
  const { table, ...sets } = await readIndexedTable(area, blocks, {
    name: 'the table of xattr sets',
    entries: head.readUInt32LE(8),
    entryBytes: setBytes,
    blocksEnd: position,
    list: position + headBytes,
  });
  const pairs = await readMetadataTable(area, blocks, 'the table of xattrs', { start, end: sets.start });
  return { sets: [...setsIn(table.bytes)], pairs, start, end: sets.end };
}

function* setsIn(bytes: Buffer): Iterable<StoredXattrSet> {
  for (let at = 0; at < bytes.length; at += setBytes) {
    const reference = bytes.readBigUInt64LE(at);
    yield {
      place: { block: Number(reference >> 16n), offset: Number(reference & 0xffffn) },
      pairs: bytes.readUInt32LE(at + 8),
      sizeBytes: bytes.readUInt32LE(at + 12),
    };
  }
}

/** Flag in the type of a pair whose value is stored elsewhere, because it is large and shared with another set. */
const elsewhere = 0x100;

/**
 * Reads one set.
 *
 * @param number number of the set, for messages.
 * @returns its pairs, and their start and end offset in the table.
 * @throws {InvalidSifError} for unknown names, and for incomplete pairs and values.
 */
export function readXattrSet(
  area: Area,
  { sets, pairs: table }: XattrTable,
  number: number,
): { readonly pairs: StoredXattr[]; readonly from: number; readonly to: number } {
  const set = sets[number];
  const from = set && table.offsetOf(set.place);
  if (set === undefined || from === undefined) {
    throw area.broken(`xattr set ${number} is outside its table`);
  }
  if (set.pairs > maxPairs) {
    throw area.broken(`xattr set ${number} claims ${set.pairs} names, more than the limit of ${maxPairs}`);
  }
  const fields = new Fields(area, table.bytes, from, `xattr set ${number}`);
  const pairs: StoredXattr[] = [];
  for (let left = set.pairs; left > 0; left -= 1) {
    const type = fields.u16();
    const prefix = xattrPrefixes[type & ~elsewhere];
    const rest = fields.take(fields.u16()).toString('latin1');
    if (prefix === undefined || rest === '' || rest.includes('\0')) {
      throw area.broken(`xattr set ${number} has the name "${toPrintableBytes(rest)}" of type ${type}`);
    }
    const value = fields.take(fields.u32());
    const isElsewhere = (type & elsewhere) !== 0;
    pairs.push({
      name: prefix + rest,
      value: isElsewhere ? valueElsewhere(area, table, value, number) : value,
    });
  }
  return { pairs, from, to: fields.at };
}

/** Reads a value that is stored elsewhere. @param reference 8 bytes: the position of length and value. */
function valueElsewhere(area: Area, table: MetadataTable, reference: Buffer, number: number): Buffer {
  const place = reference.length === 8 ? reference.readBigUInt64LE(0) : -1n;
  const at = table.offsetOf({ block: Number(place >> 16n), offset: Number(place & 0xffffn) });
  if (at === undefined) {
    throw area.broken(`xattr set ${number} has a value outside its table`);
  }
  const fields = new Fields(area, table.bytes, at, `a value of xattr set ${number}`);
  return fields.take(fields.u32());
}
