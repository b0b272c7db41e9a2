import path from 'node:path';
import type { Context } from './context.ts';

/** Where files lie that can be made again: below XDG_CACHE_HOME, else in the home. */
export function cacheFolder({ env, cwd }: Pick<Context, 'env' | 'cwd'>): string {
  const cache = env.XDG_CACHE_HOME ?? '';
  return path.join(path.isAbsolute(cache) ? cache : path.join(env.HOME ?? cwd, '.cache'), 'hpc-gat');
}
