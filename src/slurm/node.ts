import type { Context } from '../support/context.ts';
import { runSlurm } from './command.ts';
import { clusterHeading, onCluster } from './job-id.ts';

/** States of sinfo(1) in which no job starts on a node for now; a "*" behind one: the node does not answer. */
const unusable = /^(down|drain|fail|maint|reboot|power|unknown)|\*$/;

/** Slurm's word for a node on which no job can start; undefined when one can, or Slurm does not tell. */
export async function whyNodeIsUnusable(
  context: Context,
  node: string,
  cluster?: string,
): Promise<string | undefined> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...onCluster(cluster),
    '--noheader',
    `--nodes=${node}`,
    '--format=%T',
  ]);
  const [state = ''] = stdout
    .trim()
    .split('\n')
    .filter((line) => !clusterHeading.test(line));
  return exitCode === 0 && unusable.test(state) ? state : undefined;
}
