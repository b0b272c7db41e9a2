import type { DirectoryInode, Inode, LeafInode } from '../layer/inode.ts';
import type { BlockCodec } from './codec.ts';
import type { FileContent, StoredBlock } from './content.ts';
import { DirectoryTable } from './directory-table.ts';
import {
  deviceRecord,
  directoryRecord,
  fifoRecord,
  fileRecord,
  symbolicLinkRecord,
  type InodeHead,
} from './inode-records.ts';
import { InodeType } from './layout.ts';
import { MetadataBlocks, reference, type MetadataPlace } from './metadata-blocks.ts';
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

type Directory = DirectoryInode<FileContent>;
type Leaf = LeafInode<FileContent>;

/**
 * The tables of a tree whose contents are written.
 *
 * @param position where the tables will lie, behind the contents.
 */
export function encodeTree(
  root: Directory,
  position: number,
  codec: BlockCodec,
): { readonly bytes: Buffer; readonly facts: TableFacts } {
  const survey = surveyTree(root);
  const ids = new IdTable();
  const xattrs = new XattrTable(codec);
  const inodes = new MetadataBlocks(codec);
  const listings = new DirectoryTable(codec);
  const places: MetadataPlace[] = [];
  const headOf = (inode: Inode<FileContent>): InodeHead => {
    const { mode, uid, gid, mtime } = inode.metadata;
    return {
      ...{ mode, mtime, uid: ids.placeOf(uid), gid: ids.placeOf(gid) },
      number: survey.numberOf(inode),
      links: survey.linksOf(inode),
      xattrs: xattrs.placeOf(inode.metadata.xattrs),
    };
  };
  const write = (number: number, record: Buffer) => {
    places[number - 1] = inodes.place;
    inodes.append(record);
  };
  const placeOf = (number: number): MetadataPlace => {
    const place = places[number - 1];
    if (place === undefined) {
      throw new Error(`inode ${number} is referred to before it is written`);
    }
    return place;
  };
  // Downwards from the deepest: a listing needs to know where its inodes lie.
  for (const { directory, parent } of survey.directories.toReversed()) {
    const children = sortedChildren(directory);
    for (const [, child] of children) {
      if (child.kind !== 'directory' && places[survey.numberOf(child) - 1] === undefined) {
        write(survey.numberOf(child), leafRecord(headOf(child), child, survey.fragmentNumberOf));
      }
    }
    const listing = listings.add(
      children.map(([name, child]) => {
        const number = survey.numberOf(child);
        return { name, type: InodeType[child.kind], number, place: placeOf(number) };
      }),
    );
    write(survey.numberOf(directory), directoryRecord(headOf(directory), listing, parent));
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
  const fragments = fragmentTable(survey.fragments, codec, end);
  place(fragments.bytes);
  const exports = exportTable(places.map(reference), codec, end);
  place(exports.bytes);
  const idTable = ids.end(codec, end);
  place(idTable.bytes);
  const xattrTable = xattrs.end(end);
  place(xattrTable?.bytes ?? Buffer.alloc(0));
  const facts: TableFacts = {
    inodes: places.length,
    fragments: survey.fragments.length,
    ids: ids.size,
    rootReference: reference(placeOf(survey.numberOf(root))),
    inodeTable,
    directoryTable,
    fragmentTable: fragments.start,
    exportTable: exports.start,
    idTable: idTable.start,
    xattrTable: xattrTable?.start,
  };
  return { bytes: Buffer.concat(parts), facts };
}

function leafRecord(head: InodeHead, inode: Leaf, fragmentNumberOf: (block: StoredBlock) => number): Buffer {
  switch (inode.kind) {
    case 'file': {
      const { fragment } = inode.content;
      return fileRecord(head, inode.content, fragment && fragmentNumberOf(fragment.block));
    }
    case 'symbolic-link':
      return symbolicLinkRecord(head, inode.target);
    case 'block-device':
    case 'character-device':
      return deviceRecord(head, inode.kind, inode.major, inode.minor);
    case 'fifo':
      return fifoRecord(head);
  }
}

/** The order of bytes, in which the kernel looks for a name. */
function sortedChildren({ children }: Directory): [string, Inode<FileContent>][] {
  return [...children].sort(([one], [other]) => (one < other ? -1 : 1));
}

interface Survey {
  /** Parents before children. */
  readonly directories: readonly { readonly directory: Directory; readonly parent: number }[];
  /** By their place. */
  readonly fragments: readonly StoredBlock[];
  readonly numberOf: (inode: Inode<FileContent>) => number;
  readonly linksOf: (inode: Inode<FileContent>) => number;
  readonly fragmentNumberOf: (block: StoredBlock) => number;
}

/** Numbers the inodes, those of one directory in a row, and counts the names that lead to each. */
function surveyTree(root: Directory): Survey {
  const numbers = new Map<Inode<FileContent>, number>([[root, 1]]);
  const links = new Map<Inode<FileContent>, number>();
  const directories: { directory: Directory; parent: number }[] = [];
  const used = new Set<StoredBlock>();
  // Not by recursion: a hostile image may be deeper than the stack.
  const pending: { directory: Directory; parent: number }[] = [{ directory: root, parent: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    directories.push(next);
    const { directory } = next;
    const parent = numbers.get(directory) ?? 0;
    const below: typeof pending = [];
    for (const [, child] of sortedChildren(directory)) {
      if (!numbers.has(child)) {
        numbers.set(child, numbers.size + 1);
      }
      links.set(child, (links.get(child) ?? 0) + 1);
      if (child.kind === 'directory') {
        below.push({ directory: child, parent });
      } else if (child.kind === 'file' && child.content.fragment !== undefined) {
        used.add(child.content.fragment.block);
      }
    }
    links.set(directory, 2 + below.length);
    pending.push(...below.reverse());
  }
  const fragments = [...used].sort((one, other) => one.position - other.position);
  const fragmentNumbers = new Map(fragments.map((block, index) => [block, index]));
  return {
    // The root has no parent; its own is the number that no inode has.
    directories: directories.map((entry) =>
      entry.parent === 0 ? { ...entry, parent: numbers.size + 1 } : entry,
    ),
    fragments,
    numberOf: (inode) => numbers.get(inode) ?? 0,
    linksOf: (inode) => links.get(inode) ?? 1,
    fragmentNumberOf: (block) => fragmentNumbers.get(block) ?? 0,
  };
}
