import { open } from 'node:fs/promises';
import { openSquashfs, type SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { readSifFacts } from '../make/verify.ts';
import { inspectFile } from './look-inside.ts';

/** Number of inodes above which the tables of an image are not read for a warning. */
const maxInodes = 100_000;

/**
 * Opens the first file system of a SIF, unless it is large, and passes it to `visit`.
 *
 * @throws {InvalidSifError} if the file cannot be read.
 */
export async function visitSquashfs(
  file: string,
  visit: (image: SquashfsImage) => Promise<void>,
): Promise<void> {
  const { superblock } = await readSifFacts(file);
  const [part] = (await inspectFile(file)).fileSystems;
  if (part === undefined || superblock.inodes > maxInodes) {
    return;
  }
  const handle = await open(file, 'r');
  try {
    await visit(await openSquashfs(handle, part, file));
  } finally {
    await handle.close();
  }
}
