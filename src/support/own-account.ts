import { userInfo } from 'node:os';
import path from 'node:path';
import type { Context } from './context.ts';

/** Account of the user who runs this process; its fields are undefined for a user id without an account, as in containers. */
export interface OwnAccount {
  readonly name: string | undefined;
  /** Absolute path. */
  readonly homeDirectory: string | undefined;
  /** Login shell. */
  readonly shell: string | undefined;
}

/** Reads the own account from the user database of the host. */
export function getOwnAccount(read: typeof userInfo = userInfo): OwnAccount {
  try {
    const { username, homedir, shell } = read();
    return {
      name: username,
      homeDirectory: path.isAbsolute(homedir) ? homedir : undefined,
      shell: shell ?? undefined,
    };
  } catch {
    return { name: undefined, homeDirectory: undefined, shell: undefined };
  }
}

/** Returns the user id of this process. */
export function getOwnUid(): number {
  return process.getuid?.() ?? -1;
}

/** Returns the name of the user who runs this process: USER, else that of the account, else the user id. */
export function getOwnName({ env }: Pick<Context, 'env'>): string {
  return env.USER ?? getOwnAccount().name ?? String(getOwnUid());
}
