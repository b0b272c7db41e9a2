import type { Context } from '../support/context.ts';
import { type CommandFailedError } from '../support/errors.ts';
import { runSlurm, createSlurmError } from './run-slurm.ts';

/** Matches the messages of Slurm's programs where no cluster is configured: no file, no record in the DNS. */
const noCluster = /could not establish a configuration source|unable to process configuration file/i;

export type Controller =
  | { readonly state: 'answers' }
  /** The programs are installed, but no cluster is configured. */
  | { readonly state: 'none' }
  | { readonly state: 'silent'; readonly failure: CommandFailedError };

/**
 * Checks whether the controller of this host's cluster answers.
 *
 * @throws {MissingToolError} when Slurm is not on this host.
 */
export async function queryController(context: Context): Promise<Controller> {
  const ping = await runSlurm(context, 'scontrol', ['ping']);
  if (ping.exitCode === 0) {
    return { state: 'answers' };
  }
  // A user who sets SLURM_CONF expects a cluster.
  return noCluster.test(ping.stderr) && (context.env.SLURM_CONF ?? '') === ''
    ? { state: 'none' }
    : { state: 'silent', failure: createSlurmError(ping, 'the controller does not answer') };
}
