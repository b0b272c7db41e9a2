import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { findDirective } from '../../slurm/directives.ts';
import { isNodeOfCluster } from '../../slurm/node.ts';
import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import { isHostLocal } from '../../support/files/shared-files.ts';
import type { RunPlan } from './run-plan.ts';

/**
 * Rejects a job whose client is in a node-local directory while its run directory is not: the job would wait
 * in the queue and then not find the client.
 *
 * @throws {UsageError} with the file and the fix.
 */
export async function refuseNodeLocalClient(
  plan: Pick<RunPlan, 'client' | 'runDirectory' | 'temp'>,
): Promise<void> {
  const local = listLocalDirectories(plan);
  for (const file of plan.client.filter((word) => path.isAbsolute(word))) {
    const real = await realpath(file);
    const directory = local.find((candidate) => isBelow(real, candidate));
    if (directory !== undefined && !isBelow(plan.runDirectory, directory)) {
      throw new UsageError(
        `${file} is in ${directory}, which is local to each node: the job would not find it`,
        {
          fix: `copy it to a directory that the compute nodes see, such as your home, and call it there`,
        },
      );
    }
  }
}

/**
 * Rejects a job whose project, image or models are on a file system of this host, in a directory that is local to each node.
 * They are accepted on a host that is a node of the cluster, and when the cluster does not answer.
 *
 * @throws {UsageError} with the file and the fix.
 */
export async function refuseNodeLocalFiles(
  plan: Pick<RunPlan, 'runDirectory' | 'temp' | 'runtime' | 'image' | 'repository' | 'models' | 'directives'>,
  context: Context,
): Promise<void> {
  const files = [
    ['the project', path.resolve(plan.runDirectory, '../../..')],
    ...(plan.runtime === 'docker' ? [] : [['the image', plan.image] as const]),
    ['the model repository', plan.repository],
    ...plan.models.map(({ workload }) => ['the workload', workload] as const),
  ] as const;
  for (const [what, file] of files) {
    const real = await realpath(file);
    const directory = listLocalDirectories(plan).find((candidate) => isBelow(`${real}/`, candidate));
    if (
      directory !== undefined &&
      (await isHostLocal(real)) &&
      (await isNodeOfCluster(context, findDirective(plan.directives, 'clusters'))) === false
    ) {
      throw new UsageError(
        `${what} is in ${real}, but ${directory} is local to each node: the job would not find it`,
        { fix: 'put it on a file system that the login and compute nodes share, for example your home' },
      );
    }
  }
}

function listLocalDirectories({ temp }: Pick<RunPlan, 'temp'>): string[] {
  return [...temp.filter((directory) => path.isAbsolute(directory)), '/tmp', '/var/tmp', '/dev/shm'];
}

function isBelow(file: string, directory: string): boolean {
  return file.startsWith(`${path.resolve(directory)}/`);
}
