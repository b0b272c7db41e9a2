import { open } from 'node:fs/promises';
import { HpcGatError } from '../../support/errors.ts';
import { toPrintableBytes } from '../../support/text/printable.ts';
import type { InodeKind, StoredInode } from '../../formats/squashfs/read/parse-inode.ts';
import { listEntries, getListingSize } from '../../formats/squashfs/read/listing.ts';
import { openSquashfs, type SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { readXattrSet } from '../../formats/squashfs/read/read-xattrs.ts';
import { inspectFile } from './look-inside.ts';

/** Name in the system partition of a SIF. Names and targets have one character per byte. */
export interface ListedFile {
  /** Absolute path; the root is "/". */
  readonly path: string;
  readonly kind: InodeKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Size of a file's content or of a link's target; 0 for other kinds. */
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly inode: number;
  readonly links: number;
  readonly target?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs: readonly string[];
}

/**
 * Lists every name in a SIF's system partition, or in a squashfs, each directory before its entries.
 *
 * @throws {InvalidSifError} if the file cannot be read.
 */
export async function* listFiles(file: string): AsyncIterable<ListedFile> {
  const { fileSystems } = await inspectFile(file);
  const [part] = fileSystems;
  if (part === undefined) {
    throw new HpcGatError(`${file} contains no squashfs`);
  }
  const handle = await open(file, 'r');
  try {
    yield* listFilesIn(await openSquashfs(handle, part, file));
  } finally {
    await handle.close();
  }
}

interface Named {
  readonly path: string;
  readonly inode: StoredInode;
}

/** Lists every name in an open file system. */
export function* listFilesIn(image: SquashfsImage): Iterable<ListedFile> {
  const { area, inodes, listings, superblock } = image;
  const pending: Named[] = [{ path: '/', inode: inodes.root(superblock.root) }];
  let listed = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, inode } = next;
    yield listedFile(image, next);
    if (inode.kind !== 'directory') {
      continue;
    }
    listed += getListingSize(inode.directory);
    // This also stops at loops, whose listings are counted again.
    if (listed > listings.bytes.length) {
      throw area.broken(`the listing of directory ${inode.number} overlaps that of another`);
    }
    const below: Named[] = [];
    for (const { name, number, place } of listEntries(area, listings, inode.directory, path)) {
      if (number < 1 || number > inodes.count || !inodes.isAt(number, place)) {
        throw area.broken(`"${toPrintableBytes(name)}" in "${toPrintableBytes(path)}" refers to no inode`);
      }
      below.push({ path: `${path === '/' ? '' : path}/${name}`, inode: inodes.inode(number) });
    }
    pending.push(...below.reverse());
  }
}

function listedFile(image: SquashfsImage, { path, inode }: Named): ListedFile {
  const { kind, mode, user, group, mtime, number, links, xattrs } = inode;
  const [uid, gid] = [image.ids[user], image.ids[group]];
  if (uid === undefined || gid === undefined) {
    throw image.area.broken(`inode ${number} has an owner that is not in the id table`);
  }
  const { xattrs: table } = image;
  const names =
    xattrs === undefined || table === undefined
      ? []
      : readXattrSet(image.area, table, xattrs).pairs.map(({ name }) => name);
  return {
    ...{ path, kind, mode, uid, gid, mtime, links, inode: number, xattrs: names },
    sizeBytes: sizeOf(inode),
    ...(inode.kind === 'symbolic-link' && { target: inode.target }),
    ...((inode.kind === 'block-device' || inode.kind === 'character-device') && {
      device: { major: inode.major, minor: inode.minor },
    }),
  };
}

function sizeOf(inode: StoredInode): number {
  switch (inode.kind) {
    case 'file':
      return inode.file.sizeBytes;
    case 'symbolic-link':
      return inode.target.length;
    default:
      return 0;
  }
}
