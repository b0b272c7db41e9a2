import path from 'node:path';
import type { Context } from '../context.ts';
import { getOwnAccount } from '../own-account.ts';

/** Returns the user's home directory: HOME, else that of the user database; undefined if neither is an absolute path. */
export function findHomeDirectory({ env }: Pick<Context, 'env'>): string | undefined {
  const home = env.HOME ?? '';
  return path.isAbsolute(home) ? home : getOwnAccount().homeDirectory;
}
