import type { InodeKind, StoredInode } from '../../formats/squashfs/read/parse-inode.ts';
import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';

/** Number of inodes of each kind. */
export type InodeCounts = Partial<Record<InodeKind, number>>;

/**
 * Checks every inode by itself: owner and xattrs exist in their tables, and the content is possible.
 *
 * @throws {InvalidSifError} for the first problem.
 */
export function checkInodes(image: SquashfsImage): InodeCounts {
  const counts: InodeCounts = {};
  for (const inode of image.inodes.all()) {
    const problem = problemOf(inode, image);
    if (problem !== undefined) {
      throw image.area.broken(`inode ${inode.number} ${problem}`);
    }
    counts[inode.kind] = (counts[inode.kind] ?? 0) + 1;
  }
  checkExports(image);
  return counts;
}

function problemOf(inode: StoredInode, image: SquashfsImage): string | undefined {
  const { mode, user, group, xattrs } = inode;
  const { ids, superblock } = image;
  const sets = image.xattrs?.sets.length ?? 0;
  if (mode > 0o7777) {
    return `has the mode 0${mode.toString(8)}`;
  }
  if (user >= ids.length || group >= ids.length) {
    return `refers to id ${Math.max(user, group)} of ${ids.length}`;
  }
  if (xattrs !== undefined && xattrs >= sets) {
    return `refers to xattr set ${xattrs} of ${sets}`;
  }
  if (inode.kind !== 'file') {
    return undefined;
  }
  const { sizeBytes, holeBytes, fragment, blocks } = inode.file;
  const tailBytes = sizeBytes % superblock.blockSizeBytes;
  if (fragment !== undefined && (fragment.number >= image.fragments.length || tailBytes === 0)) {
    return `of ${sizeBytes} bytes ends in fragment ${fragment.number} of ${image.fragments.length}`;
  }
  let holes = 0;
  for (let index = 0; index < blocks.count; index += 1) {
    holes += blocks.word(index) === 0 ? 1 : 0;
  }
  if (holeBytes > Math.min(sizeBytes, holes * superblock.blockSizeBytes)) {
    return `has holes of ${holeBytes} bytes, but ${holes} empty blocks`;
  }
  return undefined;
}

function checkExports({ area, exports, inodes }: SquashfsImage): void {
  exports?.forEach((reference, index) => {
    const place = { block: Number(reference >> 16n), offset: Number(reference & 0xffffn) };
    if (!inodes.isAt(index + 1, place)) {
      throw area.broken(
        `the export table has inode ${index + 1} at ${place.block}+${place.offset}, but that inode is elsewhere`,
      );
    }
  });
}
