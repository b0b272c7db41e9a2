import path from 'node:path';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { homeFolder } from './home-folder.ts';

/**
 * Returns the folder for caches: below XDG_CACHE_HOME, else in the home directory.
 *
 * @throws {UsageError} for a user without a home directory.
 */
export function cacheFolder(context: Pick<Context, 'env'>): string {
  const folder = findCacheFolder(context);
  if (folder === undefined) {
    throw new UsageError('there is no folder for caches: HOME is not set, and this user has no home', {
      fix: 'set XDG_CACHE_HOME to a folder that belongs to you',
    });
  }
  return folder;
}

/** Finds the folder for caches; undefined without a home directory: the working directory may be shared with others. */
export function findCacheFolder({ env }: Pick<Context, 'env'>): string | undefined {
  const cache = env.XDG_CACHE_HOME ?? '';
  if (path.isAbsolute(cache)) {
    return path.join(cache, 'hpc-gat');
  }
  const home = homeFolder({ env });
  return home === undefined ? undefined : path.join(home, '.cache', 'hpc-gat');
}
