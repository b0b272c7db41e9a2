import { uncompressedData } from '../../formats/squashfs/layout.ts';
import type { StoredInode } from '../../formats/squashfs/read/parse-inode.ts';
import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';

/** Reads the first block or fragment of a file; empty for other kinds of inodes. */
export async function readFileStart(image: SquashfsImage, inode: StoredInode | undefined): Promise<Buffer> {
  if (inode?.kind !== 'file') {
    return Buffer.alloc(0);
  }
  const { start, blocks, fragment } = inode.file;
  if (blocks.count > 0) {
    return readBlock(image, start, blocks.word(0));
  }
  const shared = fragment && image.fragments[fragment.number];
  return shared === undefined
    ? Buffer.alloc(0)
    : (await readBlock(image, shared.position, shared.word)).subarray(fragment?.offset);
}

async function readBlock(
  { area, blocks, superblock }: SquashfsImage,
  position: number,
  word: number,
): Promise<Buffer> {
  const what = `the block at ${position}`;
  const stored = await area.read(position, word & (uncompressedData - 1), what);
  return (word & uncompressedData) !== 0 || stored.length === 0
    ? stored
    : blocks.decode(stored, superblock.blockSizeBytes, what);
}
