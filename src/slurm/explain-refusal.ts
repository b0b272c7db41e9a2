import type { Context } from '../support/context.ts';
import { suggestion } from '../support/text/suggest.ts';
import { listPartitions, type Partition } from './list-partitions.ts';

/** Options that a job was submitted with. */
export interface SubmitOptions {
  readonly partition?: string | undefined;
  /** One or more clusters, separated by commas. */
  readonly clusters?: string | undefined;
}

/**
 * Finds a fix for a job that Slurm refuses; undefined for an unknown reason.
 *
 * @param reason message of sbatch or srun
 */
export async function findRefusalFix(
  context: Context,
  reason: string,
  { partition, clusters }: SubmitOptions = {},
): Promise<string | undefined> {
  if (/invalid partition/i.test(reason)) {
    // The reason is reported even when sinfo does not answer.
    const partitions = await listPartitions(context, clusters).catch((): Partition[] => []);
    const known = partitions.map(({ name }) => name);
    return suggestion(partition ?? '', 'partitions here', known);
  }
  if (/invalid account/i.test(reason)) {
    return 'set slurm.account or --account to one of `sacctmgr show associations user=$USER format=account`';
  }
  if (/invalid qos/i.test(reason)) {
    return 'set slurm.qos or --qos to one of `sacctmgr show associations user=$USER format=qos`';
  }
  if (/node configuration is not available|generic resource|gres/i.test(reason)) {
    return 'request a partition that has such nodes: `sinfo -o "%P %G %c %m"` lists GPUs, CPUs and memory of each';
  }
  return undefined;
}
