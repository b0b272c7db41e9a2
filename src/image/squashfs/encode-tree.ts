import type { Inode, LeafInode } from '../layer/inode.ts';
import type { BlockCodec } from './codec.ts';
import type { FileContent, StoredBlock } from './content.ts';
import { DirectoryTable } from './directory-table.ts';
import { FieldWriter } from './field-writer.ts';
import {
  writeDevice,
  writeDirectory,
  writeFifo,
  writeFile,
  writeSymbolicLink,
  type InodeHead,
} from './inode-records.ts';
import { InodeType } from './layout.ts';
import { MetadataBlocks, reference, type MetadataPlace } from './metadata-blocks.ts';
import type { Survey } from './survey.ts';
import { exportTable, fragmentTable, IdTable } from './tables.ts';
import { XattrTable } from './xattr-table.ts';

/** What the superblock tells of the tables. Places are from the beginning of the file system. */
export interface TableFacts {
  readonly inodes: number;
  readonly fragments: number;
  readonly ids: number;
  readonly rootReference: number;
  readonly inodeTable: number;
  readonly directoryTable: number;
  readonly fragmentTable: number;
  readonly exportTable: number;
  readonly idTable: number;
  /** Undefined when no inode has xattrs. */
  readonly xattrTable: number | undefined;
}

/**
 * The tables of a tree whose contents are written.
 *
 * @param position where the tables will lie, behind the contents.
 */
export function encodeTree(
  { directories, leaves }: Survey<FileContent>,
  position: number,
  codec: BlockCodec,
): { readonly bytes: Buffer; readonly facts: TableFacts } {
  const ids = new IdTable();
  const xattrs = new XattrTable(codec);
  const inodes = new MetadataBlocks(codec);
  const listings = new DirectoryTable(codec);
  const fragments = new FragmentNumbers(leaves);
  const record = new FieldWriter();
  // Filled from its end: an array without its length would become a slow one.
  const places = new Array<MetadataPlace | undefined>(directories.length + leaves.length).fill(undefined);
  const headOf = ({ inode, number, links }: Numbered): InodeHead => {
    const { mode, uid, gid, mtime } = inode.metadata;
    return {
      ...{ mode, mtime, number, links, uid: ids.placeOf(uid), gid: ids.placeOf(gid) },
      xattrs: xattrs.placeOf(inode.metadata.xattrs),
    };
  };
  const endRecord = (number: number) => {
    places[number - 1] = inodes.place;
    inodes.append(record.take());
  };
  const placeOf = (number: number): MetadataPlace => {
    const place = places[number - 1];
    if (place === undefined) {
      throw new Error(`inode ${number} is referred to before it is written`);
    }
    return place;
  };
  // Downwards from the deepest: a listing needs to know where its inodes lie.
  for (const directory of directories.toReversed()) {
    for (const { child } of directory.names) {
      const { inode, number } = child;
      if (inode.kind !== 'directory' && places[number - 1] === undefined) {
        writeLeaf(record, headOf(child), inode, fragments);
        endRecord(number);
      }
    }
    const listing = listings.add(
      directory.names.map(({ name, child: { inode, number } }) => ({
        ...{ name, number, type: InodeType[inode.kind], place: placeOf(number) },
      })),
    );
    writeDirectory(record, headOf(directory), listing, directory.parent);
    endRecord(directory.number);
  }
  const parts: Buffer[] = [];
  let end = position;
  const place = (bytes: Buffer): number => {
    const start = end;
    parts.push(bytes);
    end += bytes.length;
    return start;
  };
  const inodeTable = place(inodes.end().bytes);
  const directoryTable = place(listings.end());
  const fragmentList = fragmentTable(fragments.blocks, codec, end);
  place(fragmentList.bytes);
  const exports = exportTable(
    places.map((_place, index) => reference(placeOf(index + 1))),
    codec,
    end,
  );
  place(exports.bytes);
  const idTable = ids.end(codec, end);
  place(idTable.bytes);
  const xattrTable = xattrs.end(end);
  place(xattrTable?.bytes ?? Buffer.alloc(0));
  const facts: TableFacts = {
    inodes: places.length,
    fragments: fragments.blocks.length,
    ids: ids.size,
    rootReference: reference(placeOf(1)),
    inodeTable,
    directoryTable,
    fragmentTable: fragmentList.start,
    exportTable: exports.start,
    idTable: idTable.start,
    xattrTable: xattrTable?.start,
  };
  return { bytes: Buffer.concat(parts), facts };
}

interface Numbered {
  readonly inode: Inode<FileContent>;
  readonly number: number;
  readonly links: number;
}

function writeLeaf(
  out: FieldWriter,
  head: InodeHead,
  inode: LeafInode<FileContent>,
  fragments: FragmentNumbers,
): void {
  switch (inode.kind) {
    case 'file': {
      const { fragment } = inode.content;
      writeFile(out, head, inode.content, fragment && fragments.of(fragment.block));
      break;
    }
    case 'symbolic-link':
      writeSymbolicLink(out, head, inode.target);
      break;
    case 'block-device':
    case 'character-device':
      writeDevice(out, head, inode.kind, inode.major, inode.minor);
      break;
    case 'fifo':
      writeFifo(out, head);
      break;
  }
}

/** The fragment blocks that files use, numbered by their place. */
class FragmentNumbers {
  readonly blocks: readonly StoredBlock[];
  readonly #numbers: ReadonlyMap<StoredBlock, number>;

  constructor(leaves: Survey<FileContent>['leaves']) {
    const used = new Set<StoredBlock>();
    for (const { inode } of leaves) {
      if (inode.kind === 'file' && inode.content.fragment !== undefined) {
        used.add(inode.content.fragment.block);
      }
    }
    this.blocks = [...used].sort((one, other) => one.position - other.position);
    this.#numbers = new Map(this.blocks.map((block, index) => [block, index]));
  }

  of(block: StoredBlock): number {
    const number = this.#numbers.get(block);
    if (number === undefined) {
      throw new Error('a file has a fragment that is in no list');
    }
    return number;
  }
}
