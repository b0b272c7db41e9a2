import type { Context } from '../support/context.ts';
import { runSlurm, slurmFailure } from './command.ts';

/** @throws {CommandFailedError} when the controller does not answer. */
export async function listPartitions(context: Context): Promise<string[]> {
  const result = await runSlurm(context, 'sinfo', ['--noheader', '--format=%R']);
  if (result.exitCode !== 0) {
    throw slurmFailure(result, 'sinfo does not list the partitions');
  }
  return [...new Set(result.stdout.split('\n').filter((line) => line !== ''))];
}
