import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { nearest } from '../support/nearest.ts';
import { runSlurm, slurmFailure } from './command.ts';
import { describePartitions, type Partition } from './describe-partitions.ts';

/**
 * Submits a batch script and resolves to the job's id.
 *
 * @throws {CommandFailedError} with sbatch's reason; for an unknown partition the fix names the ones there are.
 */
export async function submitScript(context: Context, script: string, partition?: string): Promise<string> {
  const result = await runSlurm(context, 'sbatch', ['--parsable', script]);
  if (result.exitCode !== 0) {
    throw slurmFailure(result, 'sbatch refused the job', await fixFor(context, result.stderr, partition));
  }
  // A site's job filter may print lines of its own; a federation adds `;CLUSTER`.
  const id = result.stdout.trim().split('\n').at(-1)?.split(';')[0]?.trim() ?? '';
  if (!/^\d+$/.test(id)) {
    throw new CommandFailedError(`sbatch gave no job id: ${JSON.stringify(result.stdout)}`);
  }
  return id;
}

async function fixFor(context: Context, said: string, partition?: string): Promise<string | undefined> {
  if (/invalid partition/i.test(said)) {
    // What sbatch said is told even when sinfo does not answer.
    const partitions = await describePartitions(context).catch((): Partition[] => []);
    const known = partitions.map(({ name }) => name);
    const meant = nearest(partition ?? '', known);
    return `${meant === undefined ? '' : `did you mean "${meant}"? `}partitions here: ${known.join(', ')}`;
  }
  if (/invalid account/i.test(said)) {
    return 'set slurm.account or --account to one of `sacctmgr show associations user=$USER format=account`';
  }
  if (/node configuration is not available|generic resource|gres/i.test(said)) {
    return 'ask for a partition that has such nodes: `sinfo -o "%P %G %c %m"` lists GPUs, CPUs and memory of each';
  }
  return undefined;
}
