import type { Project } from '../config/load.ts';
import { valueOf } from '../slurm/directives.ts';
import { cancelJob } from '../slurm/job.ts';
import { submitScript } from '../slurm/submit.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import type { RunPlan } from './plan/plan.ts';
import { checkInputs, prepareRun, type RunOptions } from './prepare.ts';
import { RunRecord } from './record/run-directory.ts';
import { warnOfOpenPorts } from './security.ts';

const cancelMs = 60_000;

export interface SubmittedRun {
  readonly record: RunRecord;
  readonly jobId: string;
}

/**
 * Makes a run and hands its script to Slurm. A script that Slurm refuses leaves no run behind, and a job whose number
 * cannot be written down, or that nobody wants any more, does not stay in the queue.
 *
 * @throws {UsageError} when something that the run reads is missing.
 * @throws {CommandFailedError} with sbatch's reason.
 */
export async function submitRun(
  context: Context,
  project: Project,
  options: Omit<RunOptions, 'kind'>,
): Promise<SubmittedRun> {
  const { plan, script } = await prepareRun(project, { ...options, kind: 'job' }, context);
  checkNeeds(plan, project);
  await checkInputs(plan, context);
  warnOfOpenPorts(plan, context.output);
  const record = await RunRecord.create(plan, script);
  let jobId: string | undefined;
  try {
    jobId = await submitScript(context, record.file('batch.sh'), {
      partition: valueOf(plan.directives, 'partition'),
      clusters: valueOf(plan.directives, 'clusters'),
    });
    context.signal.throwIfAborted();
    await record.writeJobId(jobId);
    return { record, jobId };
  } catch (error) {
    if (jobId !== undefined) {
      await cancelJob({ ...context, signal: AbortSignal.timeout(cancelMs) }, jobId);
    }
    await record.remove();
    throw error;
  }
}

/** What the site refuses without, in words that sbatch does not always find. */
function checkNeeds({ directives }: RunPlan, { site, needs = [] }: Project): void {
  for (const need of needs) {
    if (!directives.some(([name]) => name === need)) {
      throw new UsageError(`${site} takes no job without --${need}`, {
        fix: `give --${need} NAME, or set slurm.${need} in hpc-gat.yaml`,
      });
    }
  }
}
