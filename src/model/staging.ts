import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode } from '../support/errors.ts';
import { removeTree } from '../support/files/remove-tree.ts';

/**
 * Makes something for a repository in a directory from which it can be renamed into it, and which is gone afterwards. That
 * directory lies beside the repository: Triton takes every directory in it for a model, and does not start with half of one.
 * Where nothing can be made beside it, or not be renamed from there, it lies in the repository after all.
 *
 * @param repository absolute, and there already
 */
export async function withStaging<T>(repository: string, use: (staging: string) => Promise<T>): Promise<T> {
  const inside = await realpath(repository);
  const beside = path.dirname(inside);
  if (await canRenameFrom(beside, inside)) {
    try {
      return await useDirectoryIn(beside, use);
    } catch (error) {
      // Two mounts of one file system look the same until then.
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
