import { type Job, queryEndedJobs } from '../../slurm/job.ts';
import type { Context } from '../../support/context.ts';
import { explainTermination } from './outcome.ts';
import type { RunState } from './state.ts';

/** Time limit of the query to accounting, whose answer only adds to states that are known without it. */
const timeoutMs = 5_000;

/**
 * Adds to runs whose script was terminated who canceled the job, and the exit code that `submit --wait` has for that.
 * One query of accounting finds all of them.
 *
 * @param known jobs that accounting was queried for, or undefined for those that it does not know; the caller passes
 *   the same map to each call
 */
export async function explainTerminated(
  context: Context,
  states: readonly RunState[],
  known = new Map<string, Job | undefined>(),
): Promise<RunState[]> {
  const isTerminated = ({ kind, state, jobId }: RunState): boolean =>
    kind === 'job' && state === 'terminated' && jobId !== undefined;
  const ids = states.flatMap((run) =>
    run.jobId !== undefined && isTerminated(run) && !known.has(run.jobId) ? [run.jobId] : [],
  );
  if (ids.length > 0) {
    const jobs = await queryEndedJobs(context, ids, timeoutMs);
    ids.forEach((id) => known.set(id, jobs.get(id)));
  }
  return states.map((run) => {
    const job = isTerminated(run) ? known.get(run.jobId ?? '') : undefined;
    const cause = job && explainTermination(job);
    return cause === undefined
      ? run
      : { ...run, reason: cause.message.replace(/; fix: .*/, ''), exitCode: cause.exitCode };
  });
}
