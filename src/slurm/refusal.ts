import type { Context } from '../support/context.ts';
import { namesInstead } from '../support/nearest.ts';
import { describePartitions, type Partition } from './describe-partitions.ts';

/** What a job was asked with. */
export interface Asked {
  readonly partition?: string | undefined;
  /** Of another cluster, or several with commas. */
  readonly clusters?: string | undefined;
}

/**
 * What can be done when Slurm refuses a job; undefined where its words say nothing that is known.
 *
 * @param said by sbatch or srun
 */
export async function fixOfRefusal(
  context: Context,
  said: string,
  { partition, clusters }: Asked = {},
): Promise<string | undefined> {
  if (/invalid partition/i.test(said)) {
    // What sbatch said is told even when sinfo does not answer.
    const partitions = await describePartitions(context, clusters).catch((): Partition[] => []);
    const known = partitions.map(({ name }) => name);
    return namesInstead(partition ?? '', 'partitions here', known);
  }
  if (/invalid account/i.test(said)) {
    return 'set slurm.account or --account to one of `sacctmgr show associations user=$USER format=account`';
  }
  if (/invalid qos/i.test(said)) {
    return 'set slurm.qos or --qos to one of `sacctmgr show associations user=$USER format=qos`';
  }
  if (/node configuration is not available|generic resource|gres/i.test(said)) {
    return 'ask for a partition that has such nodes: `sinfo -o "%P %G %c %m"` lists GPUs, CPUs and memory of each';
  }
  return undefined;
}
