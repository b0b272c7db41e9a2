import type { Context } from '../support/context.ts';
import { suggestion } from '../support/text/suggest.ts';
import { listPartitions, type Partition } from './list-partitions.ts';

/** What a job was asked with. */
export interface SubmitOptions {
  readonly partition?: string | undefined;
  /** Of another cluster, or several with commas. */
  readonly clusters?: string | undefined;
}

/**
 * What can be done when Slurm refuses a job; undefined where its words say nothing that is known.
 *
 * @param said by sbatch or srun
 */
export async function findRefusalFix(
  context: Context,
  said: string,
  { partition, clusters }: SubmitOptions = {},
): Promise<string | undefined> {
  if (/invalid partition/i.test(said)) {
    // What sbatch said is told even when sinfo does not answer.
    const partitions = await listPartitions(context, clusters).catch((): Partition[] => []);
    const known = partitions.map(({ name }) => name);
    return suggestion(partition ?? '', 'partitions here', known);
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
