import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode } from '../support/errors.ts';
import { removeTree } from '../support/files/remove-tree.ts';

/**
 * Provides a staging directory, from which entries can be renamed into a repository, and removes it
 * afterwards. It is beside the repository, because Triton uses every directory in it as a model and does not
 * start with an incomplete one. Where no directory beside it can be created or renamed from, it is in the
 * repository.
 *
 * @param repository absolute path of an existing repository
 */
export async function withStaging<T>(repository: string, use: (staging: string) => Promise<T>): Promise<T> {
  const inside = await realpath(repository);
  const beside = path.dirname(inside);
  if (await canRenameFrom(beside, inside)) {
    try {
      return await useDirectoryIn(beside, use);
    } catch (error) {
      // Two mounts of one file system are indistinguishable until the rename.
      if (getErrorCode(error) !== 'EXDEV') {
        throw error;
      }
    }
  }
  return useDirectoryIn(inside, use);
}

async function canRenameFrom(beside: string, inside: string): Promise<boolean> {
  try {
    await access(beside, constants.W_OK | constants.X_OK);
    return (await stat(beside)).dev === (await stat(inside)).dev;
  } catch {
    return false;
  }
}

async function useDirectoryIn<T>(place: string, use: (staging: string) => Promise<T>): Promise<T> {
  const staging = path.join(place, `.hpc-gat-add-${randomUUID()}`);
  try {
    await mkdir(staging);
    return await use(staging);
  } finally {
    await removeTree(staging);
  }
}
