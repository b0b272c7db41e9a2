import { toPrintableBytes } from '../../../support/text/printable.ts';
import { dotsBytes, maxEntriesOfHeader } from '../layout.ts';
import type { Area } from './area.ts';
import { Fields } from './fields.ts';
import type { StoredDirectory } from './parse-inode.ts';
import type { MetadataTable, TablePlace } from './metadata-table.ts';

/** A name in a directory, as it is stored. */
export interface StoredEntry {
  /** A byte in each character. */
  readonly name: string;
  /** Of the plain record, 1 to 7. */
  readonly type: number;
  readonly number: number;
  readonly place: TablePlace;
  /** Whether a header lies right before it, and how many bytes of the listing lie before that. */
  readonly headerAt: number | undefined;
}

/** Linux's NAME_MAX. */
const maxNameBytes = 255;

/** Bytes of a directory's listing. */
export function listingBytes({ countedBytes }: StoredDirectory): number {
  return Math.max(0, countedBytes - dotsBytes);
}

/**
 * The entries of a directory in their order.
 *
 * @param what the directory is called in messages.
 * @throws {InvalidSifError} for a listing that is not whole, and for names that no file can have.
 */
export function* entriesOf(
  area: Area,
  table: MetadataTable,
  directory: StoredDirectory,
  what: string,
): Iterable<StoredEntry> {
  const bytes = listingBytes(directory);
  if (bytes === 0) {
    return;
  }
  const start = table.offsetOf(directory.place);
  if (start === undefined || start + bytes > table.bytes.length) {
    throw area.broken(
      `${what} has its listing at ${placeText(directory.place)}, where none of ${bytes} bytes is`,
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

export function placeText({ block, offset }: TablePlace): string {
  return `${block}+${offset}`;
}
