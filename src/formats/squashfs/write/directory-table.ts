import type { BlockCodec } from '../codec.ts';
import type { FieldWriter } from './field-writer.ts';
import type { DirectoryIndexEntry, DirectoryListing } from './inode-records.ts';
import { maxEntriesOfHeader, metadataBlockBytes } from '../layout.ts';
import { MetadataBlocks, decodeReference } from './metadata-blocks.ts';

/** Name in a directory, and the inode that it refers to. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: number;
  readonly number: number;
  /** Metadata reference of the inode. */
  readonly reference: number;
}

const headerBytes = 12;
const entryBytes = 8;
const maxDelta = 0x7fff;
/** The number of entries in an inode's index is 16 bits wide. */
const maxIndexEntries = 0xffff;

/** Listings of all directories, stored consecutively. */
export class DirectoryTable {
  readonly #table: MetadataBlocks;

  constructor(codec: BlockCodec) {
    this.#table = new MetadataBlocks(codec);
  }

  /**
   * Adds the listing of a directory. @param entries sorted by the bytes of their names, as the kernel searches them.
   */
  add(entries: readonly DirectoryEntry[]): DirectoryListing {
    const place = decodeReference(this.#table.reference);
    const index: DirectoryIndexEntry[] = [];
    let bytes = 0;
    let { block } = place;
    for (const group of groups(entries)) {
      const here = decodeReference(this.#table.reference);
      const [first] = group;
      if (here.block !== block && index.length < maxIndexEntries) {
        index.push({ at: bytes, block: here.block, name: first.name });
        block = here.block;
      }
      bytes += writeGroup(this.#table.fields, group);
    }
    return { place, bytes, index };
  }

  end(): Buffer {
    return this.#table.end().bytes;
  }
}

type Group = [DirectoryEntry, ...DirectoryEntry[]];

/**
 * Groups entries under headers: a header covers entries whose inodes are in one metadata block and have numbers close
 * to the first one's.
 */
function groups(entries: readonly DirectoryEntry[]): Group[] {
  const found: Group[] = [];
  let group: Group | undefined;
  let bytes = 0;
  for (const entry of entries) {
    const fits =
      group !== undefined &&
      group.length < maxEntriesOfHeader &&
      decodeReference(group[0].reference).block === decodeReference(entry.reference).block &&
      Math.abs(entry.number - group[0].number) <= maxDelta &&
      // The index refers to headers only, so every metadata block of a long listing needs one.
      bytes < metadataBlockBytes / 2;
    if (fits) {
      group?.push(entry);
    } else {
      group = [entry];
      found.push(group);
      bytes = 0;
    }
    bytes += entryBytes + entry.name.length;
  }
  return found;
}

/** @returns the number of bytes written. */
function writeGroup(out: FieldWriter, group: Group): number {
  const [first] = group;
  let bytes = headerBytes;
  out.u32(group.length - 1);
  out.u32(decodeReference(first.reference).block);
  out.u32(first.number);
  for (const { name, type, number, reference } of group) {
    out.u16(decodeReference(reference).offset);
    out.i16(number - first.number);
    out.u16(type);
    out.u16(name.length - 1);
    out.text(name);
    bytes += entryBytes + name.length;
  }
  return bytes;
}
