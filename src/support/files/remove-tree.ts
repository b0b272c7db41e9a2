import { chmod, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode } from '../errors.ts';

/**
 * Removes a directory tree, including directories that their owner may not write, as an unpacked image leaves
 * them. Symbolic links are removed, never followed. A missing directory is no error.
 */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    if (getErrorCode(error) !== 'EACCES' && getErrorCode(error) !== 'EPERM') {
      throw error;
    }
    await openDirectories(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function openDirectories(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      await openDirectories(path.join(directory, entry.name));
    }
  }
}
