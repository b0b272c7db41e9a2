import type { BlockCodec } from './codec.ts';
import { FieldWriter } from './field-writer.ts';
import type { DirectoryIndexEntry, DirectoryListing } from './inode-records.ts';
import { maxEntriesOfHeader, metadataBlockBytes } from './layout.ts';
import { MetadataBlocks, type MetadataPlace } from './metadata-blocks.ts';

/** A name in a directory, and the inode that it leads to. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: number;
  readonly number: number;
  readonly place: MetadataPlace;
}

const maxDelta = 0x7fff;
/** The number of entries in an inode's index is 16 bits wide. */
const maxIndexEntries = 0xffff;

/** The listings of all directories, one behind the other. */
export class DirectoryTable {
  readonly #table: MetadataBlocks;
  readonly #record = new FieldWriter();

  constructor(codec: BlockCodec) {
    this.#table = new MetadataBlocks(codec);
  }

  /** @param entries sorted by the bytes of their names, as the kernel looks for them. */
  add(entries: readonly DirectoryEntry[]): DirectoryListing {
    const { place } = this.#table;
    const index: DirectoryIndexEntry[] = [];
    let bytes = 0;
    let { block } = place;
    for (const group of groups(entries)) {
      const here = this.#table.place;
      const [first] = group;
      if (here.block !== block && first !== undefined && index.length < maxIndexEntries) {
        index.push({ at: bytes, block: here.block, name: first.name });
        block = here.block;
      }
      writeGroup(this.#record, group);
      const record = this.#record.take();
      this.#table.append(record);
      bytes += record.length;
    }
    return { place, bytes, index };
  }

  end(): Buffer {
    return this.#table.end().bytes;
  }
}

/** A header stands for entries whose inodes lie in one metadata block and have numbers near to the first one's. */
function* groups(entries: readonly DirectoryEntry[]): Iterable<readonly DirectoryEntry[]> {
  let group: DirectoryEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const [first] = group;
    const fits =
      first !== undefined &&
      group.length < maxEntriesOfHeader &&
      first.place.block === entry.place.block &&
      Math.abs(entry.number - first.number) <= maxDelta &&
      // The index leads to headers only: with none in a metadata block it could not lead there.
      bytes < metadataBlockBytes / 2;
    if (!fits && first !== undefined) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(entry);
    bytes += entryBytes + entry.name.length;
  }
  if (group.length > 0) {
    yield group;
  }
}

const entryBytes = 8;

function writeGroup(out: FieldWriter, group: readonly DirectoryEntry[]): void {
  const [first] = group as readonly [DirectoryEntry];
  out.u32(group.length - 1);
  out.u32(first.place.block);
  out.u32(first.number);
  for (const { name, type, number, place } of group) {
    out.u16(place.offset);
    out.i16(number - first.number);
    out.u16(type);
    out.u16(name.length - 1);
    out.text(name);
  }
}
