import type { Context } from '../support/context.ts';
import { type CommandFailedError } from '../support/errors.ts';
import { runSlurm, createSlurmError } from './run-slurm.ts';

/** What Slurm's programs say when nothing tells them of a cluster: no file, no record in the DNS. */
const noCluster = /could not establish a configuration source|unable to process configuration file/i;

export type Controller =
  | { readonly state: 'answers' }
  /** The programs are installed, and no cluster is configured. */
  | { readonly state: 'none' }
  | { readonly state: 'silent'; readonly failure: CommandFailedError };

/**
 * Whether the controller of this host's cluster answers.
 *
 * @throws {MissingToolError} when Slurm is not on this host.
 */
export async function queryController(context: Context): Promise<Controller> {
  const ping = await runSlurm(context, 'scontrol', ['ping']);
  if (ping.exitCode === 0) {
    return { state: 'answers' };
  }
  // Who names a configuration means a cluster.
  return noCluster.test(ping.stderr) && (context.env.SLURM_CONF ?? '') === ''
    ? { state: 'none' }
    : { state: 'silent', failure: createSlurmError(ping, 'the controller does not answer') };
}
