import type { Facts } from './run-directory.ts';

/** Whether a script's last word may not be its run's: Slurm starts a job again that it took its node from. */
export function mayBeRequeued({ ended, plan }: Pick<Facts, 'ended' | 'plan'>): boolean {
  const isRequeued = plan?.directives?.some(([name]) => name === 'no-requeue') === false;
  const isTakenAway = ended?.reason === 'terminated' || ended?.reason === 'preempted';
  return isTakenAway && plan?.kind === 'job' && isRequeued;
}
