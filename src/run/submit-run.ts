import type { Project } from '../config/load.ts';
import { getJobName, findDirective } from '../slurm/directives.ts';
import { cancelJob } from '../slurm/job.ts';
import { submitScript, UncertainSubmissionError } from '../slurm/submit-script.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import type { RunPlan } from './plan/run-plan.ts';
import { checkInputs, prepareRun, type RunOptions } from './prepare.ts';
import { RunDirectory } from './record/run-directory.ts';
import { warnOfOpenPorts } from './security.ts';

const cancelMs = 60_000;

export interface SubmittedRun {
  readonly record: RunDirectory;
  readonly jobId: string;
}

/**
 * Creates a run and submits its script to Slurm. A script that Slurm refuses leaves no run behind, and a job
 * whose number cannot be recorded, or whose submission was aborted, is canceled. The run directory of a job
 * that may be in the queue is kept.
 *
 * @throws {UsageError} when an input of the run is missing.
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
  const record = await RunDirectory.create(plan, script);
  let jobId: string | undefined;
  try {
    jobId = await submitScript(context, record.file('batch.sh'), {
      partition: findDirective(plan.directives, 'partition'),
      clusters: findDirective(plan.directives, 'clusters'),
      name: getJobName(plan.directives),
    });
    context.signal.throwIfAborted();
    await record.writeJobId(jobId);
    return { record, jobId };
  } catch (error) {
    if (error instanceof UncertainSubmissionError) {
      throw new UncertainSubmissionError(`run ${record.id}: ${error.message}`, {
        fix: `\`hpc-gat status ${record.id}\` finds the job by its name once Slurm answers, \`hpc-gat cleanup ${record.id}\` cancels it; to submit again, use another --id`,
        cause: error,
      });
    }
    if (jobId !== undefined) {
      await cancelJob({ ...context, signal: AbortSignal.timeout(cancelMs) }, jobId);
    }
    await record.remove();
    throw error;
  }
}

/** Checks the options that the site requires; sbatch's own message may not name them. */
function checkNeeds({ directives }: RunPlan, { site, needs = [] }: Project): void {
  for (const need of needs) {
    if (!directives.some(([name]) => name === need)) {
      throw new UsageError(`site ${site} requires --${need} for every job`, {
        fix: `use --${need} NAME, or set slurm.${need} in hpc-gat.yaml`,
      });
    }
  }
}
