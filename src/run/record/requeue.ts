import type { Facts } from './run-directory.ts';

/**
 * Returns whether a run may continue after the script has reported its end: Slurm restarts a job whose node
 * it took away.
 */
export function mayBeRequeued({ ended, plan }: Pick<Facts, 'ended' | 'plan'>): boolean {
  const isRequeued = plan?.directives?.some(([name]) => name === 'no-requeue') === false;
  const isTakenAway = ended?.reason === 'terminated' || ended?.reason === 'preempted';
  return isTakenAway && plan?.kind === 'job' && isRequeued;
}
