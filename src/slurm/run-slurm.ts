import { formatEnd, type CommandOptions, type CommandResult } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError, MissingToolError } from '../support/errors.ts';

/** Time limit of a call: with a dead controller, squeue blocks for 22 s and sbatch for 11 s. */
const timeoutMs = 30_000;

/** Prefixes of the variables from which Slurm's programs take options, defaults and formats. */
const clientVariable =
  /^(SACCT|SACCTMGR|SALLOC|SATTACH|SBATCH|SBCAST|SCANCEL|SCONTROL|SCRUN|SDIAG|SINFO|SLURM|SLURMD|SPRIO|SQUEUE|SRUN|SSHARE|SSTAT|STRIGGER)_/;

/** Variables that locate the cluster and authenticate the user; they change no request and no answer. */
const connectionVariables = new Set(['SLURM_CONF', 'SLURM_JWT', 'SLURM_SACK_SOCKET']);

/** Returns whether Slurm's programs would take an option, a default or a format from this variable. */
export function isSlurmVariable(name: string): boolean {
  return clientVariable.test(name) && !connectionVariables.has(name);
}

/**
 * Calls a program of Slurm without the variables of {@link isSlurmVariable}: those of an outer job or of the user's
 * profile would override the arguments (`SBATCH_PARTITION`), drop what is requested (`SCANCEL_STATE`) or change the
 * format of the answer (`SQUEUE_FORMAT`, `SLURM_TIME_FORMAT`).
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
    return await run(program, args, { env: removeSlurmVariables(env), timeoutMs, signal, ...options });
  } catch (error) {
    if (error instanceof MissingToolError) {
      throw new MissingToolError(`${program} is not on this host: no Slurm here`, {
        fix: 'run this on a login node of the cluster (after `module load slurm`, if there is such a module), or use `hpc-gat run` on this host only',
        cause: error,
      });
    }
    throw error;
  }
}

function removeSlurmVariables(env: Context['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSlurmVariable(name)));
}

/**
 * Creates the error for a failed program of Slurm from its messages, without the program's name before every
 * line.
 */
export function createSlurmError(result: CommandResult, what: string, fix?: string): CommandFailedError {
  const reason = (result.stderr.trim() || result.stdout.trim())
    .split('\n')
    .map((line) => line.replace(/^\w+: (error: )?/, ''))
    .join('; ');
  return new CommandFailedError(`${what}: ${reason === '' ? formatEnd(result) : reason}`, {
    ...(fix !== undefined && { fix }),
    cause: result,
  });
}
