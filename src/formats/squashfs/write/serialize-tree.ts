import type { Inode, LeafInode } from '../inode.ts';
import type { BlockCodec } from '../codec.ts';
import type { FileContent, StoredBlock } from '../file-content.ts';
import { DirectoryTable, type DirectoryEntry } from './directory-table.ts';
import type { FieldWriter } from './field-writer.ts';
import {
  writeDevice,
  writeDirectory,
  writeFifo,
  writeFile,
  writeSymbolicLink,
  type InodeHeader,
} from './inode-records.ts';
import { InodeType } from '../layout.ts';
import { MetadataBlocks } from './metadata-blocks.ts';
import type { NumberedInode, NumberedTree } from './number-inodes.ts';
import { encodeExportTable, encodeFragmentTable, IdTable } from './tables.ts';
import { XattrTable } from './xattr-table.ts';

/** Facts about the tables for the superblock. Offsets are relative to the file system. */
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
  /** Undefined if no inode has xattrs. */
  readonly xattrTable: number | undefined;
}

export interface SerializedTree {
  readonly bytes: Buffer;
  readonly facts: TableFacts;
}

/**
 * Serializes the tables of a tree whose contents are already written.
 *
 * @param fragments blocks that small files share, by position.
 * @param position offset of the tables, after the contents.
 */
export function serializeTree(
  { directories, leaves }: NumberedTree<FileContent>,
  fragments: readonly StoredBlock[],
  position: number,
  codec: BlockCodec,
): SerializedTree {
  const ids = new IdTable();
  const xattrTable = new XattrTable(codec);
  const inodes = new MetadataBlocks(codec);
  const listings = new DirectoryTable(codec);
  const fragmentNumbers = new Map(fragments.map((block, index) => [block, index]));
  const references = new Float64Array(directories.length + leaves.length).fill(Number.NaN);
  const headOf = ({ inode, number, links }: NumberedInode<Inode<FileContent>>): InodeHeader => {
    const { mode, uid, gid, mtime, xattrs } = inode.metadata;
    return {
      mode,
      uid: ids.placeOf(uid),
      gid: ids.placeOf(gid),
      mtime,
      number,
      links,
      xattrs: xattrTable.placeOf(xattrs),
    };
  };
  // From the deepest directory up, because a listing contains the references of its inodes.
  for (const directory of directories.toReversed()) {
    const entries = directory.names.map(({ name, child }): DirectoryEntry => {
      const { inode, number } = child;
      if (inode.kind !== 'directory' && Number.isNaN(references[number - 1])) {
        references[number - 1] = inodes.reference;
        writeLeaf(inodes.fields, headOf(child), inode, fragmentNumbers);
      }
      return { name, type: InodeType[inode.kind], number, reference: references[number - 1] ?? Number.NaN };
    });
    const listing = listings.add(entries);
    references[directory.number - 1] = inodes.reference;
    writeDirectory(inodes.fields, headOf(directory), listing, directory.parent);
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
  const fragmentList = encodeFragmentTable(fragments, codec, end);
  place(fragmentList.bytes);
  const exports = encodeExportTable(references, codec, end);
  place(exports.bytes);
  const idTable = ids.end(codec, end);
  place(idTable.bytes);
  const xattrs = xattrTable.end(end);
  place(xattrs?.bytes ?? Buffer.alloc(0));
  const facts: TableFacts = {
    inodes: references.length,
    fragments: fragments.length,
    ids: ids.size,
    rootReference: references[0] ?? Number.NaN,
    inodeTable,
    directoryTable,
    fragmentTable: fragmentList.start,
    exportTable: exports.start,
    idTable: idTable.start,
    xattrTable: xattrs?.start,
  };
  return { bytes: Buffer.concat(parts), facts };
}

function writeLeaf(
  out: FieldWriter,
  head: InodeHeader,
  inode: LeafInode<FileContent>,
  fragmentNumbers: ReadonlyMap<StoredBlock, number>,
): void {
  switch (inode.kind) {
    case 'file': {
      const { fragment } = inode.content;
      writeFile(out, head, inode.content, fragment && fragmentNumbers.get(fragment.block));
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
