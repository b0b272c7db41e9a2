import { toPrintableBytes } from '../../../support/text/printable.ts';
import { xattrPrefixes } from '../layout.ts';
import type { Area } from './area.ts';
import type { Blocks } from './block-reader.ts';
import { Fields } from './fields.ts';
import { readIndexedTable } from './indexed-table.ts';
import { readMetadataTable, type MetadataTable, type TablePlace } from './metadata-table.ts';

/** The xattrs of a file system: sets of names and values. Inodes name the number of their set. */
export interface XattrTable {
  readonly sets: readonly StoredXattrSet[];
  /** Names and values of all sets, one behind the other. */
  readonly pairs: MetadataTable;
  /** Where the tables begin and end. */
  readonly start: number;
  readonly end: number;
}

export interface StoredXattrSet {
  /** In the table of pairs. */
  readonly place: TablePlace;
  readonly pairs: number;
  /** As the set says itself: mksquashfs counts full names with their NUL, and values. */
  readonly sizeBytes: number;
}

/** One name and value of a set. */
export interface StoredXattr {
  /** A byte in each character. */
  readonly name: string;
  readonly value: Buffer;
}

const headBytes = 16;
const setBytes = 16;
/** Linux lists at most 64 KiB of names. */
const maxPairs = 65_536;

/** @param position of the head of the tables. */
export async function readXattrTable(area: Area, blocks: Blocks, position: number): Promise<XattrTable> {
  const head = await area.read(position, headBytes, 'the head of the xattr tables');
  const start = Number(head.readBigUInt64LE(0));
  if (head.readUInt32LE(12) !== 0) {
    throw area.broken('the head of the xattr tables ends with a word that is not zero');
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

/** Set in the type of a pair whose value lies elsewhere, because it is large and another set has it too. */
const elsewhere = 0x100;

/**
 * @param number of the set, for messages.
 * @returns its pairs, and where in the table they begin and end.
 * @throws {InvalidSifError} for names of another kind, and for pairs and values that are not whole.
 */
export function readXattrSet(
  area: Area,
  { sets, pairs: table }: XattrTable,
  number: number,
): { readonly pairs: StoredXattr[]; readonly from: number; readonly to: number } {
  const set = sets[number];
  const from = set && table.offsetOf(set.place);
  if (set === undefined || from === undefined) {
    throw area.broken(`xattr set ${number} lies outside its table`);
  }
  if (set.pairs > maxPairs) {
    throw area.broken(`xattr set ${number} is said to have ${set.pairs} names`);
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

/** @param reference 8 bytes: where length and value lie. */
function valueElsewhere(area: Area, table: MetadataTable, reference: Buffer, number: number): Buffer {
  const place = reference.length === 8 ? reference.readBigUInt64LE(0) : -1n;
  const at = table.offsetOf({ block: Number(place >> 16n), offset: Number(place & 0xffffn) });
  if (at === undefined) {
    throw area.broken(`xattr set ${number} has a value that lies outside its table`);
  }
  const fields = new Fields(area, table.bytes, at, `a value of xattr set ${number}`);
  return fields.take(fields.u32());
}
