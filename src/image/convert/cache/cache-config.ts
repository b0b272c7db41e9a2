import path from 'node:path';
import { findCacheDirectory } from '../../../support/files/cache-directory.ts';
import type { Context } from '../../../support/context.ts';
import { UsageError } from '../../../support/errors.ts';
import { explainDirectoryConcern } from '../../../support/files/ownership.ts';
import { parseSize } from '../limits.ts';

const defaultLimit = '4G';

/**
 * Returns the location of the layer cache: from hpc-gat.yaml or the site profile, else below XDG_CACHE_HOME, else in
 * the home directory.
 *
 * @returns undefined for a user without a home directory.
 * @throws {UsageError} for a directory whose variable is not set, or an invalid limit.
 */
export function getCacheConfig(
  {
    folder: directory,
    limit = defaultLimit,
  }: { readonly folder?: string | undefined; readonly limit?: string | undefined } = {},
  context: Pick<Context, 'env' | 'cwd'>,
): CacheConfig | undefined {
  const limitBytes = parseSize(limit);
  if (directory !== undefined) {
    return { directory: path.resolve(context.cwd, expand(directory, context)), limitBytes };
  }
  const caches = findCacheDirectory(context);
  return caches === undefined ? undefined : { directory: path.join(caches, 'layers'), limitBytes };
}

/** Returns the location for a conversion; undefined, with a warning, if another user could replace entries. */
export async function getTrustedCacheConfig(
  config: CacheConfig | undefined,
  { output }: Pick<Context, 'output'>,
): Promise<CacheConfig | undefined> {
  const concern = config && (await explainDirectoryConcern(config.directory));
  if (concern !== undefined) {
    output.warn(
      `the layer cache ${config?.directory ?? ''} is not used: ${concern}; fix: remove write permission for others (chmod go-w), or set cache.folder to a directory that you own`,
    );
    return undefined;
  }
  return config;
}

function expand(directory: string, { env }: Pick<Context, 'env'>): string {
  return directory.replace(/^\$(\w+)/, (_, name: string) => {
    const value = env[name] ?? '';
    if (value === '') {
      throw new UsageError(`cache.folder is ${directory}, but $${name} is not set`, {
        fix: 'set it, choose another directory, or convert without the cache: --no-cache',
      });
    }
    return value;
  });
}

export interface CacheConfig {
  /** Absolute path; created on the first write. */
  readonly directory: string;
  /** Maximum size of all entries together. */
  readonly limitBytes: number;
}
