import type { BlockCodec } from './codec.ts';
import type { FieldWriter } from './field-writer.ts';
import type { DirectoryIndexEntry, DirectoryListing } from './inode-records.ts';
import { maxEntriesOfHeader, metadataBlockBytes } from './layout.ts';
import { MetadataBlocks, placeOf } from './metadata-blocks.ts';

/** A name in a directory, and the inode that it leads to. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: number;
  readonly number: number;
  /** Where the inode lies. */
  readonly reference: number;
}

const headerBytes = 12;
const entryBytes = 8;
const maxDelta = 0x7fff;
/** The number of entries in an inode's index is 16 bits wide. */
const maxIndexEntries = 0xffff;

/** The listings of all directories, one behind the other. */
export class DirectoryTable {
  readonly #table: MetadataBlocks;

  constructor(codec: BlockCodec) {
    this.#table = new MetadataBlocks(codec);
  }

  /** @param entries sorted by the bytes of their names, as the kernel looks for them. */
  add(entries: readonly DirectoryEntry[]): DirectoryListing {
    const place = placeOf(this.#table.reference);
    const index: DirectoryIndexEntry[] = [];
    let bytes = 0;
    let { block } = place;
    for (let from = 0; from < entries.length;) {
      const group = groupAt(entries, from);
      const here = placeOf(this.#table.reference);
      if (here.block !== block && index.length < maxIndexEntries) {
        index.push({ at: bytes, block: here.block, name: group.first.name });
        block = here.block;
      }
      writeGroup(this.#table.fields, entries, group);
      bytes += group.bytes;
      from = group.to;
    }
    return { place, bytes, index };
  }

  end(): Buffer {
    return this.#table.end().bytes;
  }
}

/** Entries that have one header, up to one that is not among them. */
interface Group {
  readonly first: DirectoryEntry;
  readonly from: number;
  readonly to: number;
  /** Of header and entries. */
  readonly bytes: number;
}

/** A header stands for entries whose inodes lie in one metadata block and have numbers near to the first one's. */
function groupAt(entries: readonly DirectoryEntry[], from: number): Group {
  const first = entries[from] as DirectoryEntry;
  const { block } = placeOf(first.reference);
  let bytes = 0;
  let to = from;
  for (let entry = entries[to]; entry !== undefined; entry = entries[to]) {
    const fits =
      to - from < maxEntriesOfHeader &&
      Math.floor(entry.reference / 0x10000) === block &&
      Math.abs(entry.number - first.number) <= maxDelta &&
      // The index leads to headers only: with none in a metadata block it could not lead there.
      bytes < metadataBlockBytes / 2;
    if (!fits) {
      break;
    }
    bytes += entryBytes + entry.name.length;
    to += 1;
  }
  return { first, from, to, bytes: headerBytes + bytes };
}

function writeGroup(out: FieldWriter, entries: readonly DirectoryEntry[], { first, from, to }: Group): void {
  out.u32(to - from - 1);
  out.u32(placeOf(first.reference).block);
  out.u32(first.number);
  for (let at = from; at < to; at += 1) {
    const { name, type, number, reference } = entries[at] as DirectoryEntry;
    out.u16(reference % 0x10000);
    out.i16(number - first.number);
    out.u16(type);
    out.u16(name.length - 1);
    out.text(name);
  }
}
