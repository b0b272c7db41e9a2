import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { runSlurm, slurmFailure } from './command.ts';
import { jobIdForm } from './job-id.ts';
import { type Asked, fixOfRefusal } from './refusal.ts';

/**
 * Submits a batch script and resolves to the job's id. Ctrl-C does not reach sbatch: ended in the middle, it could not
 * tell which job it has made. It gives up by itself.
 *
 * @throws {CommandFailedError} with sbatch's reason; for an unknown partition the fix names the ones there are.
 */
export async function submitScript(context: Context, script: string, asked: Asked = {}): Promise<string> {
  const calm = { ...context, signal: new AbortController().signal };
  const result = await runSlurm(calm, 'sbatch', ['--parsable', script], { ownSession: true });
  if (result.exitCode !== 0) {
    throw slurmFailure(result, 'sbatch refused the job', await fixOfRefusal(context, result.stderr, asked));
  }
  const printed = linesOf(result.stdout);
  const id = printed.pop() ?? '';
  if (!jobIdForm.test(id)) {
    throw new CommandFailedError(`sbatch gave no job id: ${JSON.stringify(result.stdout)}`);
  }
  // A site's job filter may have something to say: that a budget is low, that the job was moved.
  for (const line of [...printed, ...linesOf(result.stderr)]) {
    context.output.info(line);
  }
  return id;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}
