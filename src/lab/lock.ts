import { randomUUID } from 'node:crypto';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files.ts';
import { parseProcessRecord, recordOf, runningProcess } from './processes.ts';

/**
 * Runs `work` while no other process of this machine holds the lock; waits for its turn.
 * The lock of a process that died is taken over.
 *
 * @param what what the lock guards, for the message to who waits.
 */
export async function withLock<Result>(
  file: string,
  what: string,
  context: Context,
  work: () => Promise<Result>,
): Promise<Result> {
  await acquire(file, what, context);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function acquire(file: string, what: string, { output, clock, signal }: Context): Promise<void> {
  const own = await recordOf(process.pid);
  if (own === undefined) {
    throw new HpcGatError('/proc does not show this process', { fix: 'mount /proc' });
  }
  await mkdir(path.dirname(file), { recursive: true });
  const candidate = `${file}.${randomUUID()}`;
  await writeFile(candidate, `${own.pid} ${own.startTime}\n`);
  try {
    for (let announced = false; ;) {
      try {
        // Unlike a create and a write, a link shows the file with its content at once.
        await link(candidate, file);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw error;
        }
      }
      const holder = parseProcessRecord((await readTextIfPresent(file)) ?? '');
      if (holder === undefined || (await runningProcess(file)) === undefined) {
        await takeAway(file);
        continue;
      }
      if (!announced) {
        output.info(`waiting for process ${holder.pid}, which holds ${what}`);
        announced = true;
      }
      await clock.sleep(100, signal);
    }
  } finally {
    await rm(candidate, { force: true });
  }
}

/** Of several who find a dead lock, each name is removed by one only. */
async function takeAway(file: string): Promise<void> {
  const away = `${file}.${randomUUID()}`;
  try {
    await rename(file, away);
  } catch {
    return;
  }
  if ((await runningProcess(away)) !== undefined) {
    // Somebody living took the lock meanwhile: give it back.
    await link(away, file).catch(() => undefined);
  }
  await rm(away, { force: true });
}
