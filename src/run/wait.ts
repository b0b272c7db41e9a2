import { cancelJob, hasEnded, type Job } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { explainForgotten, explainEnd, explainHold, explainSlowStart } from './explain-end.ts';
import { JobPoller } from './job-poller.ts';
import { getScriptOutcome, explainTermination, type Outcome } from './record/outcome.ts';
import { followRun } from './record/follow-run.ts';
import { mayBeRequeued } from './record/requeue.ts';
import type { RunDirectory } from './record/run-directory.ts';
import { ReportDeadline, TolerantReader } from './report-deadline.ts';

const filePollMs = 200;
/** Time limit for the end of a canceled job: Slurm's KillWait is 30 s by default. */
const cancelMs = 60_000;

/** Time within which Slurm reports why it terminated a script. */
const causeMs = 10_000;
/** Time for which a reason that prevents a job from ever starting has to persist. */
const holdMs = 3_000;
/** Time after which a running job without its script is reported. */
const slowStartMs = 10_000;

export interface JobWait {
  readonly jobId: string;
  /** True to wait until the model is ready, instead of until the job has ended. */
  readonly untilReady: boolean;
}

/**
 * Shows a job's states and the run's output until the job has ended, or its model is ready. When
 * `context.signal` aborts, the job is canceled first, and the signal's reason is thrown after it has ended.
 *
 * @returns the outcome; undefined for a job that continues
 */
export async function waitForJob(
  context: Context,
  record: RunDirectory,
  { jobId, untilReady }: JobWait,
): Promise<Outcome | undefined> {
  const progress = followRun(record, context.output);
  try {
    return await watch(context, { record, jobId, progress, untilReady });
  } catch (error) {
    if (!context.signal.aborted) {
      throw error;
    }
    context.output.info(`canceling job ${jobId}`);
    const signal = AbortSignal.timeout(cancelMs);
    try {
      await cancelJob({ ...context, signal }, jobId);
      await watch({ ...context, signal }, { record, jobId, progress, untilReady: false });
    } catch (failure) {
      if (!signal.aborted) {
        throw failure;
      }
      context.output.warn(
        `job ${jobId} has not ended within ${cancelMs / 1_000} s; fix: hpc-gat cleanup ${record.id}`,
      );
    }
    throw context.signal.reason;
  }
}

/** Reports once that a job is running whose script does not start. */
class SlowStart {
  readonly #context: Context;
  readonly #record: RunDirectory;
  readonly #jobId: string;
  #sinceMs: number | undefined;
  #isOver = false;

  constructor(context: Context, record: RunDirectory, jobId: string) {
    this.#context = context;
    this.#record = record;
    this.#jobId = jobId;
  }

  async watch(job: Job): Promise<void> {
    if (this.#isOver || !['RUNNING', 'CONFIGURING'].includes(job.state)) {
      this.#sinceMs = undefined;
      return;
    }
    const nowMs = this.#context.clock.now().getTime();
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < slowStartMs) {
      return;
    }
    this.#isOver = true;
    if ((await this.#record.resourceRecords()).length === 0) {
      this.#context.output.warn(await explainSlowStart({ id: this.#jobId, job }));
    }
  }
}

interface WatchTarget {
  readonly record: RunDirectory;
  readonly jobId: string;
  readonly progress: ReturnType<typeof followRun>;
  readonly untilReady: boolean;
}

async function watch(
  context: Context,
  { record, jobId, progress, untilReady }: WatchTarget,
): Promise<Outcome | undefined> {
  const poller = new JobPoller(context, jobId);
  try {
    return await watchWithPoller(poller, context, { record, jobId, progress, untilReady });
  } finally {
    poller.stop();
  }
}

async function watchWithPoller(
  poller: JobPoller,
  context: Context,
  { record, jobId, progress, untilReady }: WatchTarget,
): Promise<Outcome | undefined> {
  const deadline = new ReportDeadline(context, record);
  const reader = new TolerantReader(context);
  const plan = await record.plan();
  const start = new SlowStart(context, record, jobId);
  let terminatedMs: number | undefined;
  let heldMs: number | undefined;
  const finish = async (outcome: Outcome | undefined): Promise<{ outcome: Outcome | undefined }> => {
    await progress.finish();
    return { outcome };
  };
  /** Returns undefined while the run continues. */
  const poll = async (): Promise<{ outcome: Outcome | undefined } | undefined> => {
    await progress.poll();
    const ended = await record.ended();
    const job = poller.poll();
    const isOver = job !== undefined && hasEnded(job);
    if (ended !== undefined && (isOver || !mayBeRequeued({ ended, plan }))) {
      if (ended.reason !== 'terminated' || plan?.kind !== 'job') {
        return finish(getScriptOutcome(ended));
      }
      // The script reports the signal, and Slurm who sent it.
      terminatedMs ??= context.clock.now().getTime();
      poller.hurry();
      if (isOver) {
        return finish(explainTermination(job) ?? getScriptOutcome(ended));
      }
      if (context.clock.now().getTime() - terminatedMs >= causeMs) {
        return finish(getScriptOutcome(ended));
      }
      return undefined;
    }
    if (untilReady && (await record.endpoint()) !== undefined) {
      return finish(undefined);
    }
    if (poller.isForgotten) {
      return (await deadline.hasPassed(`Slurm no longer knows job ${jobId}`, { hasStarted: true }))
        ? finish(await explainForgotten(record, jobId))
        : undefined;
    }
    if (job === undefined) {
      return undefined;
    }
    if (isOver) {
      // A job that never ran has no report to wait for.
      const hasStarted = job.nodes !== undefined && job.ranSeconds !== 0;
      return (await deadline.hasPassed(`job ${jobId} has ended as ${job.state}`, { hasStarted }))
        ? finish(await explainEnd(context, record, { id: jobId, job }))
        : undefined;
    }
    const hold = await explainHold({ id: jobId, job });
    heldMs = hold === undefined ? undefined : (heldMs ?? context.clock.now().getTime());
    if (hold !== undefined && heldMs !== undefined) {
      // A reason may be temporary, for example while the controller is reconfigured.
      poller.hurry();
      if (context.clock.now().getTime() - heldMs < holdMs) {
        return undefined;
      }
      context.output.info(`canceling job ${jobId}, which would never start`);
      await cancelJob(context, jobId);
      return finish(hold);
    }
    await start.watch(job);
    return undefined;
  };
  for (;;) {
    const seen = await reader.attempt(poll);
    if (seen !== undefined) {
      return seen.outcome;
    }
    await context.clock.sleep(filePollMs, context.signal);
  }
}
