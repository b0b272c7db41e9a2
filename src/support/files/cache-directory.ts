import path from 'node:path';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { findHomeDirectory } from './home-directory.ts';

/**
 * Returns the directory for caches: below XDG_CACHE_HOME, else in the home directory.
 *
 * @throws {UsageError} for a user without a home directory.
 */
export function getCacheDirectory(context: Pick<Context, 'env'>): string {
  const directory = findCacheDirectory(context);
  if (directory === undefined) {
    throw new UsageError('there is no directory for caches: HOME is not set, and this user has no home', {
      fix: 'set XDG_CACHE_HOME to a directory that belongs to you',
    });
  }
  return directory;
}

/** Finds the directory for caches; undefined without a home directory: the working directory may be shared with others. */
export function findCacheDirectory({ env }: Pick<Context, 'env'>): string | undefined {
  const cache = env.XDG_CACHE_HOME ?? '';
  if (path.isAbsolute(cache)) {
    return path.join(cache, 'hpc-gat');
  }
  const home = findHomeDirectory({ env });
  return home === undefined ? undefined : path.join(home, '.cache', 'hpc-gat');
}
