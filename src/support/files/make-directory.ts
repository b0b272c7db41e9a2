import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode } from '../errors.ts';

/**
 * Creates a directory with its missing parents. Node's own recursion does not terminate where the system
 * returns ENOENT for a directory whose parent exists, as below /proc or for a home that an automounter does
 * not know; and it reports ENOENT where the system returned EROFS.
 *
 * @returns the highest directory that was created; undefined when the directory existed
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
