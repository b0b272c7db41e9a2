import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode } from '../errors.ts';

/**
 * Makes a directory, with those above it that are missing. Node's own recursion never ends where the system says ENOENT of a
 * directory whose parent is there, as below /proc, or of a home that an automounter does not know; and it says ENOENT where the
 * system said EROFS.
 *
 * @returns the highest directory that was made; undefined when it was there already.
 */
export async function makeDirectory(directory: string, mode = 0o777): Promise<string | undefined> {
  try {
    return await makeOne(directory, mode);
  } catch (error) {
    const parent = path.dirname(directory);
    if (getErrorCode(error) !== 'ENOENT' || parent === directory) {
      throw error;
    }
    const highest = await makeDirectory(parent, mode);
    return highest === undefined ? makeOne(directory, mode) : makeOne(directory, mode).then(() => highest);
  }
}

async function makeOne(directory: string, mode: number): Promise<string | undefined> {
  try {
    await mkdir(directory, { mode });
    return directory;
  } catch (error) {
    if (await isDirectory(directory)) {
      return undefined;
    }
    throw error;
  }
}

async function isDirectory(name: string): Promise<boolean> {
  return stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
