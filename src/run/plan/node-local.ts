import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../../support/errors.ts';
import type { RunPlan } from './plan.ts';

/**
 * Refuses a job whose client lies where each node has files of its own, while its run does not: the job would wait in
 * the queue, and not find it.
 *
 * @throws {UsageError} naming the file and what to do.
 */
export async function refuseNodeLocalClient(
  plan: Pick<RunPlan, 'client' | 'runFolder' | 'temp'>,
): Promise<void> {
  const local = [...plan.temp.filter((folder) => path.isAbsolute(folder)), '/tmp', '/var/tmp', '/dev/shm'];
  for (const file of plan.client.filter((word) => path.isAbsolute(word))) {
    const real = await realpath(file);
    const folder = local.find((candidate) => isBelow(real, candidate));
    if (folder !== undefined && !isBelow(plan.runFolder, folder)) {
      throw new UsageError(
        `${file} lies in ${folder}, of which each node has its own: the job would not find it`,
        {
          fix: `copy it to a folder that the compute nodes see, like your home, and call it there`,
        },
      );
    }
  }
}

function isBelow(file: string, folder: string): boolean {
  return file.startsWith(`${path.resolve(folder)}/`);
}
