import { toPrintableBytes } from '../../../support/text/printable.ts';
import { dotsBytes, maxEntriesOfHeader } from '../layout.ts';
import type { Area } from './area.ts';
import { Fields } from './fields.ts';
import type { StoredDirectory } from './parse-inode.ts';
import type { MetadataTable, TablePlace } from './metadata-table.ts';

/** Name in a directory, as stored. */
export interface StoredEntry {
  /** Name with one character per byte. */
  readonly name: string;
  /** Type of the basic record, 1 to 7. */
  readonly type: number;
  readonly number: number;
  readonly place: TablePlace;
  /** Offset in the listing of the header directly before this entry; undefined if there is none. */
  readonly headerAt: number | undefined;
}

/** Linux's NAME_MAX. */
const maxNameBytes = 255;

/** Returns the size of a directory's listing, in bytes. */
export function getListingSize({ countedBytes }: StoredDirectory): number {
  return Math.max(0, countedBytes - dotsBytes);
}

/**
 * Lists the entries of a directory in their stored order.
 *
 * @param what name of the directory, for messages.
 * @throws {InvalidSifError} for an incomplete listing, and for names that no file can have.
 */
export function* listEntries(
  area: Area,
  table: MetadataTable,
  directory: StoredDirectory,
  what: string,
): Iterable<StoredEntry> {
  const bytes = getListingSize(directory);
  if (bytes === 0) {
    return;
  }
  const start = table.offsetOf(directory.place);
  if (start === undefined || start + bytes > table.bytes.length) {
    throw area.broken(
      `${what} has its listing at ${formatPosition(directory.place)}, but no ${bytes} bytes are there`,
    );
  }
  const listing = table.bytes.subarray(start, start + bytes);
  const fields = new Fields(area, listing, 0, `the listing of ${what}`);
  while (fields.at < bytes) {
    let headerAt: number | undefined = fields.at;
    const count = fields.u32() + 1;
    if (count > maxEntriesOfHeader) {
      throw area.broken(`the listing of ${what} has a header for ${count} entries`);
    }
    const block = fields.u32();
    const number = fields.u32();
    for (let entry = 0; entry < count; entry += 1) {
      const offset = fields.u16();
      const delta = fields.i16();
      const type = fields.u16();
      const name = fields.take(fields.u16() + 1).toString('latin1');
      if (name.length > maxNameBytes || /[/\0]/.test(name) || name === '.' || name === '..') {
        throw area.broken(`${what} has a name that no file can have: "${toPrintableBytes(name)}"`);
      }
      yield { name, type, number: number + delta, place: { block, offset }, headerAt };
      headerAt = undefined;
    }
  }
}

export function formatPosition({ block, offset }: TablePlace): string {
  return `${block}+${offset}`;
}
