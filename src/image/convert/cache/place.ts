import path from 'node:path';
import { cacheFolder } from '../../../support/cache-folder.ts';
import type { Context } from '../../../support/context.ts';
import { UsageError } from '../../../support/errors.ts';
import { parseSize } from '../limits.ts';
import type { CachePlace } from './block-cache.ts';

const defaultLimit = '4G';

/**
 * Where converted layers are kept: as hpc-gat.yaml or the site says, else below XDG_CACHE_HOME, else in the home.
 *
 * @throws {UsageError} for a folder whose variable is not set, or a limit that is no size.
 */
export function cachePlace(
  {
    folder,
    limit = defaultLimit,
  }: { readonly folder?: string | undefined; readonly limit?: string | undefined } = {},
  context: Pick<Context, 'env' | 'cwd'>,
): CachePlace {
  return {
    folder:
      folder === undefined
        ? path.join(cacheFolder(context), 'layers')
        : path.resolve(context.cwd, expand(folder, context)),
    limitBytes: parseSize(limit),
  };
}

function expand(folder: string, { env }: Pick<Context, 'env'>): string {
  return folder.replace(/^\$(\w+)/, (_, name: string) => {
    const value = env[name] ?? '';
    if (value === '') {
      throw new UsageError(`cache.folder is ${folder}, and $${name} is not set here`, {
        fix: 'set it, name another folder, or leave the cache out: --no-cache',
      });
    }
    return value;
  });
}
