import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { runSlurm, slurmFailure } from './command.ts';
import { fixOfRefusal } from './refusal.ts';

/**
 * Submits a batch script and resolves to the job's id.
 *
 * @throws {CommandFailedError} with sbatch's reason; for an unknown partition the fix names the ones there are.
 */
export async function submitScript(context: Context, script: string, partition?: string): Promise<string> {
  const result = await runSlurm(context, 'sbatch', ['--parsable', script]);
  if (result.exitCode !== 0) {
    throw slurmFailure(
      result,
      'sbatch refused the job',
      await fixOfRefusal(context, result.stderr, partition),
    );
  }
  // A site's job filter may print lines of its own; a federation adds `;CLUSTER`.
  const id = result.stdout.trim().split('\n').at(-1)?.split(';')[0]?.trim() ?? '';
  if (!/^\d+$/.test(id)) {
    throw new CommandFailedError(`sbatch gave no job id: ${JSON.stringify(result.stdout)}`);
  }
  return id;
}
