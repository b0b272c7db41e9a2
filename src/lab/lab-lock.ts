import path from 'node:path';
import type { Context } from '../support/context.ts';
import { acquireLock } from '../support/files/lock.ts';
import { makeDirectory } from '../support/files/make-directory.ts';

/**
 * Runs `work` while no other process of this machine holds the lock; waits until it is free.
 *
 * @param what name of the resource, for the message to a waiting user
 */
export async function withLock<Result>(
  file: string,
  what: string,
  { output, clock, signal }: Context,
  work: () => Promise<Result>,
): Promise<Result> {
  await makeDirectory(path.dirname(file));
  const onWait = (owner: { pid: number } | undefined): void => {
    output.info(`waiting for process ${owner?.pid ?? 'unknown'}, which holds ${what}`);
  };
  const release = await acquireLock(file, { onWait, clock, signal });
  try {
    return await work();
  } finally {
    await release();
  }
}
