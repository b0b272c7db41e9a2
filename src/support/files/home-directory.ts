import { userInfo } from 'node:os';
import path from 'node:path';
import type { Context } from '../context.ts';

/** Returns the user's home directory: HOME, else that of the user database; undefined if neither is an absolute path. */
export function findHomeDirectory({ env }: Pick<Context, 'env'>): string | undefined {
  const home = env.HOME ?? '';
  return path.isAbsolute(home) ? home : findAccountHome();
}

function findAccountHome(): string | undefined {
  try {
    const { homedir } = userInfo();
    return path.isAbsolute(homedir) ? homedir : undefined;
  } catch {
    // The user id may have no account, as in containers.
    return undefined;
  }
}
