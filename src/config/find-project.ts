import { lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { findHomeDirectory } from '../support/files/home-directory.ts';
import { readTrustedText } from '../support/files/ownership.ts';

export const projectFileName = 'hpc-gat.yaml';

const sticky = 0o1000;

/** Configuration file that was found by searching, not named by the user. */
export interface FoundProject {
  readonly file: string;
  readonly text: string;
}

/**
 * Finds the nearest `hpc-gat.yaml` at or above the working directory that only this user and root can change: it holds
 * shell commands. A warning names each file of that name that is not used.
 *
 * The search ends at the home directory, at a mount point and below a sticky directory, such as /tmp: files beyond
 * these belong to no project of this user.
 */
export async function findProject({
  cwd,
  env,
  output,
}: Pick<Context, 'cwd' | 'env' | 'output'>): Promise<FoundProject | undefined> {
  const home = await identityOf(findHomeDirectory({ env }));
  for (let directory = cwd; ; directory = path.dirname(directory)) {
    const file = path.join(directory, projectFileName);
    const found = await readTrustedText(file);
    if (found !== undefined) {
      if ('text' in found) {
        return { file, text: found.text };
      }
      output.warn(
        `${file} is not used: ${found.distrust}; to use it anyway: --config ${file}, or HPC_GAT_CONFIG in the environment`,
      );
    }
    if ((await identityOf(directory)) === home || !(await continuesAbove(directory))) {
      return undefined;
    }
  }
}

async function continuesAbove(directory: string): Promise<boolean> {
  const parent = path.dirname(directory);
  try {
    const [here, above] = await Promise.all([lstat(directory), lstat(parent)]);
    return parent !== directory && here.dev === above.dev && (above.mode & sticky) === 0;
  } catch {
    return false;
  }
}

/** Returns an identity of a directory that does not depend on the links that lead to it. */
async function identityOf(directory: string | undefined): Promise<string | undefined> {
  if (directory === undefined) {
    return undefined;
  }
  const found = await stat(directory).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
