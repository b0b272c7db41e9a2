import { HpcGatError } from '../../../support/errors.ts';
import { encodeSizeWord, type FileContent } from '../file-content.ts';
import type { FieldWriter } from './field-writer.ts';
import { dotsBytes, extendedType, InodeType, nothing } from '../layout.ts';
import type { MetadataPlace } from './metadata-blocks.ts';

/** Fields at the start of every inode record (kernel: fs/squashfs/squashfs_fs.h). */
export interface InodeHeader {
  readonly mode: number;
  /** Indexes into the id table. */
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly number: number;
  /** Number of names that refer to the inode. */
  readonly links: number;
  /** Index into the xattr table. */
  readonly xattrs: number;
}

/** Writes the record of a file. @param fragment number of its fragment block, if it has one. */
export function writeFile(
  out: FieldWriter,
  head: InodeHeader,
  content: FileContent,
  fragment: number | undefined,
): void {
  const { sizeBytes, blocks } = content;
  const start = blocks.find(({ storedBytes }) => storedBytes > 0)?.position ?? 0;
  const hasHoles = blocks.some(({ storedBytes }) => storedBytes === 0);
  const offset = content.fragment?.offset ?? 0;
  if (head.links === 1 && head.xattrs === nothing && !hasHoles && sizeBytes < 2 ** 32 && start < 2 ** 32) {
    writeHead(out, head, InodeType.file);
    out.u32(start);
    out.u32(fragment ?? nothing);
    out.u32(offset);
    out.u32(sizeBytes);
  } else {
    writeHead(out, head, InodeType.file + extendedType);
    out.u64(start);
    out.u64(sizeBytes);
    out.u64(holeBytes(content));
    out.u32(head.links);
    out.u32(fragment ?? nothing);
    out.u32(offset);
    out.u32(head.xattrs);
  }
  for (const block of blocks) {
    out.u32(encodeSizeWord(block));
  }
}

/**
 * Returns the size of the holes: at least 1 if there is a hole, and less than the file size, because `st_blocks` is
 * derived from it.
 */
function holeBytes({ blocks, sizeBytes }: FileContent): number {
  const holes = blocks.filter(({ storedBytes }) => storedBytes === 0).length;
  return holes === 0 ? 0 : Math.min(Math.ceil((sizeBytes * holes) / blocks.length), sizeBytes - 1);
}

export function writeSymbolicLink(out: FieldWriter, head: InodeHeader, target: string): void {
  writeHead(out, head, typeOf('symbolic-link', head));
  out.u32(head.links);
  out.u32(target.length);
  out.text(target);
  writeXattrs(out, head);
}

export function writeDevice(
  out: FieldWriter,
  head: InodeHeader,
  kind: 'block-device' | 'character-device',
  major: number,
  minor: number,
): void {
  writeHead(out, head, typeOf(kind, head));
  out.u32(head.links);
  // This is the kernel's "new" encoding of a device number: 12 bits of major, 20 of minor.
  out.u32(((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0);
  writeXattrs(out, head);
}

export function writeFifo(out: FieldWriter, head: InodeHeader): void {
  writeHead(out, head, typeOf('fifo', head));
  out.u32(head.links);
  writeXattrs(out, head);
}

/** Returns the record type. For these kinds an extended record has the same fields, and the xattr index at its end. */
function typeOf(kind: Exclude<keyof typeof InodeType, 'directory' | 'file'>, head: InodeHeader): number {
  return InodeType[kind] + (head.xattrs === nothing ? 0 : extendedType);
}

function writeXattrs(out: FieldWriter, { xattrs }: InodeHeader): void {
  if (xattrs !== nothing) {
    out.u32(xattrs);
  }
}

/**
 * Position and length of a directory's listing, and the positions at which the kernel may start to search for a name.
 */
export interface DirectoryListing {
  readonly place: MetadataPlace;
  readonly bytes: number;
  readonly index: readonly DirectoryIndexEntry[];
}

export interface DirectoryIndexEntry {
  /** Offset in the listing, in bytes. */
  readonly at: number;
  /** Offset of the metadata block in the directory table. */
  readonly block: number;
  /** First name at that offset. */
  readonly name: string;
}

/**
 * Size limit of a directory: Linux, which counts in an int (fs/squashfs/dir.c), does not read longer ones to their
 * end.
 */
const maxDirectoryBytes = 2 ** 31 - 1;

/** @throws {HpcGatError} for a directory whose names exceed the limit of squashfs. */
export function writeDirectory(
  out: FieldWriter,
  head: InodeHeader,
  { place, bytes, index }: DirectoryListing,
  parent: number,
): void {
  const size = bytes + dotsBytes;
  if (size > maxDirectoryBytes) {
    throw new HpcGatError(
      `a directory of the image has names of ${bytes} bytes together, more than the 2 GiB that squashfs can hold`,
      { fix: 'check how the image was built: no directory needs so many names' },
    );
  }
  if (head.xattrs === nothing && index.length === 0 && size < 2 ** 16) {
    writeHead(out, head, InodeType.directory);
    out.u32(place.block);
    out.u32(head.links);
    out.u16(size);
    out.u16(place.offset);
    out.u32(parent);
    return;
  }
  writeHead(out, head, InodeType.directory + extendedType);
  out.u32(head.links);
  out.u32(size);
  out.u32(place.block);
  out.u32(parent);
  out.u16(index.length);
  out.u16(place.offset);
  out.u32(head.xattrs);
  for (const { at, block, name } of index) {
    out.u32(at);
    out.u32(block);
    out.u32(name.length - 1);
    out.text(name);
  }
}

function writeHead(out: FieldWriter, { mode, uid, gid, mtime, number }: InodeHeader, type: number): void {
  out.u16(type);
  out.u16(mode);
  out.u16(uid);
  out.u16(gid);
  // The format has unsigned 32 bits.
  out.u32(Math.min(Math.max(mtime, 0), 2 ** 32 - 1));
  out.u32(number);
}
