import { userInfo } from 'node:os';
import path from 'node:path';
import type { Context } from './context.ts';

/** The user's home: HOME, else what the user database says. Undefined where neither names an absolute path. */
export function homeFolder({ env }: Pick<Context, 'env'>): string | undefined {
  const home = env.HOME ?? '';
  return path.isAbsolute(home) ? home : homeOfAccount();
}

function homeOfAccount(): string | undefined {
  try {
    const { homedir } = userInfo();
    return path.isAbsolute(homedir) ? homedir : undefined;
  } catch {
    // A user id without an account, as in containers.
    return undefined;
  }
}
