import { howItEnded, type CommandOptions, type CommandResult } from '../support/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError, MissingToolError } from '../support/errors.ts';

/** With its controller dead squeue blocks for 22 s and sbatch for 11 s; nobody waits longer than this. */
const timeoutMs = 30_000;

/**
 * Calls a program of Slurm in an environment without `SBATCH_*` and `SLURM_*`: those of an outer job or of the user's
 * profile would override what the script says. SLURM_CONF, which says where the cluster is, stays.
 *
 * @throws {MissingToolError} when Slurm is not on this host.
 */
export async function runSlurm(
  { run, env, signal }: Pick<Context, 'run' | 'env' | 'signal'>,
  program: 'sbatch' | 'srun' | 'squeue' | 'sacct' | 'scancel' | 'scontrol' | 'sinfo' | 'sacctmgr',
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  try {
    return await run(program, args, { env: withoutJobVariables(env), timeoutMs, signal, ...options });
  } catch (error) {
    if (error instanceof MissingToolError) {
      throw new MissingToolError(`${program} is not on this host: no Slurm here`, {
        fix: 'run this on a login node of the cluster (perhaps `module load slurm`), or use `hpc-gat run` for this host alone',
        cause: error,
      });
    }
    throw error;
  }
}

export function withoutJobVariables(env: Context['env']): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name === 'SLURM_CONF' || !/^(SBATCH|SLURM)_/.test(name)),
  );
}

/** What a program of Slurm said when it failed, without its own name before every line. */
export function slurmFailure(result: CommandResult, what: string, fix?: string): CommandFailedError {
  const said = (result.stderr.trim() || result.stdout.trim())
    .split('\n')
    .map((line) => line.replace(/^\w+: (error: )?/, ''))
    .join('; ');
  return new CommandFailedError(`${what}: ${said === '' ? howItEnded(result) : said}`, {
    ...(fix !== undefined && { fix }),
    cause: result,
  });
}
