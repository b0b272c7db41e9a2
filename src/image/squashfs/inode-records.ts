import { sizeWord, type FileContent } from './content.ts';
import { dotsBytes, extendedType, InodeType, nothing } from './layout.ts';
import type { MetadataPlace } from './metadata-blocks.ts';

/** What every inode record begins with (kernel: fs/squashfs/squashfs_fs.h). */
export interface InodeHead {
  readonly mode: number;
  /** Places in the table of ids. */
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly number: number;
  /** How many names lead to it. */
  readonly links: number;
  /** Place in the table of xattrs. */
  readonly xattrs: number;
}

/** @param fragment number of its fragment block, where it has one. */
export function fileRecord(head: InodeHead, content: FileContent, fragment: number | undefined): Buffer {
  const { sizeBytes, blocks } = content;
  const start = blocks.find(({ storedBytes }) => storedBytes > 0)?.position ?? 0;
  const holes = blocks.filter(({ storedBytes }) => storedBytes === 0).length;
  const offset = content.fragment?.offset ?? 0;
  const isPlain =
    head.links === 1 && head.xattrs === nothing && holes === 0 && sizeBytes < 2 ** 32 && start < 2 ** 32;
  const words = Buffer.alloc(4 * blocks.length);
  blocks.forEach((block, index) => words.writeUInt32LE(sizeWord(block), 4 * index));
  if (isPlain) {
    const body = numbers([start, fragment ?? nothing, offset, sizeBytes]);
    return Buffer.concat([headBytes(head, InodeType.file), body, words]);
  }
  const body = Buffer.alloc(40);
  body.writeBigUInt64LE(BigInt(start), 0);
  body.writeBigUInt64LE(BigInt(sizeBytes), 8);
  body.writeBigUInt64LE(BigInt(holeBytes(content)), 16);
  body.writeUInt32LE(head.links, 24);
  body.writeUInt32LE(fragment ?? nothing, 28);
  body.writeUInt32LE(offset, 32);
  body.writeUInt32LE(head.xattrs, 36);
  return Buffer.concat([headBytes(head, InodeType.file + extendedType), body, words]);
}

/** At least 1 where there is a hole and less than the size: `st_blocks` is reckoned from it. */
function holeBytes({ blocks, sizeBytes }: FileContent): number {
  const holes = blocks.filter(({ storedBytes }) => storedBytes === 0).length;
  return holes === 0 ? 0 : Math.min(Math.ceil((sizeBytes * holes) / blocks.length), sizeBytes - 1);
}

export function symbolicLinkRecord(head: InodeHead, target: string): Buffer {
  const isPlain = head.xattrs === nothing;
  return Buffer.concat([
    headBytes(head, InodeType['symbolic-link'] + (isPlain ? 0 : extendedType)),
    numbers([head.links, target.length]),
    Buffer.from(target, 'latin1'),
    ...(isPlain ? [] : [numbers([head.xattrs])]),
  ]);
}

export function deviceRecord(
  head: InodeHead,
  kind: 'block-device' | 'character-device',
  major: number,
  minor: number,
): Buffer {
  // The kernel's "new" encoding of a device number: 12 bits of major, 20 of minor.
  const device = ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
  return linksAndMore(head, InodeType[kind], [device]);
}

export function fifoRecord(head: InodeHead): Buffer {
  return linksAndMore(head, InodeType.fifo, []);
}

function linksAndMore(head: InodeHead, type: number, more: readonly number[]): Buffer {
  const isPlain = head.xattrs === nothing;
  return Buffer.concat([
    headBytes(head, type + (isPlain ? 0 : extendedType)),
    numbers([head.links, ...more, ...(isPlain ? [] : [head.xattrs])]),
  ]);
}

/** Where a directory's listing lies, how long it is, and where in it the kernel may begin to look for a name. */
export interface DirectoryListing {
  readonly place: MetadataPlace;
  readonly bytes: number;
  readonly index: readonly DirectoryIndexEntry[];
}

export interface DirectoryIndexEntry {
  /** Bytes of the listing before it. */
  readonly at: number;
  /** Place of its metadata block in the directory table. */
  readonly block: number;
  /** The first name behind it. */
  readonly name: string;
}

export function directoryRecord(head: InodeHead, listing: DirectoryListing, parent: number): Buffer {
  const { place, index } = listing;
  const bytes = listing.bytes + dotsBytes;
  if (head.xattrs === nothing && index.length === 0 && bytes < 2 ** 16) {
    const body = Buffer.alloc(16);
    body.writeUInt32LE(place.block, 0);
    body.writeUInt32LE(head.links, 4);
    body.writeUInt16LE(bytes, 8);
    body.writeUInt16LE(place.offset, 10);
    body.writeUInt32LE(parent, 12);
    return Buffer.concat([headBytes(head, InodeType.directory), body]);
  }
  const body = Buffer.alloc(24);
  body.writeUInt32LE(head.links, 0);
  body.writeUInt32LE(bytes, 4);
  body.writeUInt32LE(place.block, 8);
  body.writeUInt32LE(parent, 12);
  body.writeUInt16LE(index.length, 16);
  body.writeUInt16LE(place.offset, 18);
  body.writeUInt32LE(head.xattrs, 20);
  const entries = index.map(({ at, block, name }) =>
    Buffer.concat([numbers([at, block, name.length - 1]), Buffer.from(name, 'latin1')]),
  );
  return Buffer.concat([headBytes(head, InodeType.directory + extendedType), body, ...entries]);
}

function headBytes({ mode, uid, gid, mtime, number }: InodeHead, type: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt16LE(mode, 2);
  bytes.writeUInt16LE(uid, 4);
  bytes.writeUInt16LE(gid, 6);
  // The format has 32 bits without a sign.
  bytes.writeUInt32LE(Math.min(Math.max(mtime, 0), 2 ** 32 - 1), 8);
  bytes.writeUInt32LE(number, 12);
  return bytes;
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index));
  return bytes;
}
