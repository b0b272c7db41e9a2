import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './errors.ts';

/**
 * Makes a folder, with those above it that are missing. Node's own recursion never ends where the system says ENOENT of a
 * folder whose parent is there, as below /proc, or of a home that an automounter does not know; and it says ENOENT where the
 * system said EROFS.
 *
 * @returns the highest folder that was made; undefined when it was there already.
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<string | undefined> {
  try {
    return await makeOne(folder, mode);
  } catch (error) {
    const parent = path.dirname(folder);
    if (codeOf(error) !== 'ENOENT' || parent === folder) {
      throw error;
    }
    const highest = await makeFolder(parent, mode);
    return highest === undefined ? makeOne(folder, mode) : makeOne(folder, mode).then(() => highest);
  }
}

async function makeOne(folder: string, mode: number): Promise<string | undefined> {
  try {
    await mkdir(folder, { mode });
    return folder;
  } catch (error) {
    if (await isFolder(folder)) {
      return undefined;
    }
    throw error;
  }
}

async function isFolder(name: string): Promise<boolean> {
  return stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
