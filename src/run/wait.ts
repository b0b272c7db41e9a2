import { cancelJob, hasEnded, type Job, queryJob } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { hasSpace } from '../support/files.ts';
import { endingOfJob, endingOfScript, type Ending } from './record/outcome.ts';
import { followRun } from './record/follow-run.ts';
import type { RunRecord } from './record/run-directory.ts';
import { ReportDeadline, TolerantReader } from './report-deadline.ts';
import { mayComeBack } from './record/requeue.ts';

const filePollMs = 200;
/** Slurm is asked once a second at first, then ever less often: a queue may take days. */
const slurmPollMs = { first: 1_000, factor: 1.3, longest: 15_000 };
/** How long a cancelled job may take to end: Slurm's KillWait is 30 s by default. */
const cancelMs = 60_000;

export interface JobWait {
  readonly jobId: string;
  /** Whether a model that is ready is what is waited for. */
  readonly untilReady: boolean;
}

/**
 * Shows a job's states and the run's output until it has ended, or its model is ready. When `context.signal` aborts,
 * the job is cancelled first, and the signal's reason is thrown after it has ended.
 *
 * @returns how it ended; undefined for a job that goes on.
 */
export async function waitForJob(
  context: Context,
  record: RunRecord,
  { jobId, untilReady }: JobWait,
): Promise<Ending | undefined> {
  const progress = followRun(record, context.output);
  try {
    return await watch(context, { record, jobId, progress, untilReady });
  } catch (error) {
    if (!context.signal.aborted) {
      throw error;
    }
    context.output.info(`cancelling job ${jobId}`);
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

interface Watched {
  readonly record: RunRecord;
  readonly jobId: string;
  readonly progress: ReturnType<typeof followRun>;
  readonly untilReady: boolean;
}

async function watch(
  context: Context,
  { record, jobId, progress, untilReady }: Watched,
): Promise<Ending | undefined> {
  const poller = new JobPoller(context, jobId);
  try {
    return await watchWith(poller, context, { record, jobId, progress, untilReady });
  } finally {
    poller.stop();
  }
}

async function watchWith(
  poller: JobPoller,
  context: Context,
  { record, jobId, progress, untilReady }: Watched,
): Promise<Ending | undefined> {
  const deadline = new ReportDeadline(context, record);
  const reader = new TolerantReader(context);
  const plan = await record.plan();
  /** Undefined while the run goes on. */
  const look = async (): Promise<{ ending: Ending | undefined } | undefined> => {
    await progress.poll();
    const ended = await record.ended();
    const job = poller.poll();
    const isOver = job !== undefined && hasEnded(job);
    if (ended !== undefined && (isOver || !mayComeBack({ ended, plan }))) {
      await progress.finish();
      return { ending: endingOfScript(ended) };
    }
    if (untilReady && (await record.endpoint()) !== undefined) {
      await progress.finish();
      return { ending: undefined };
    }
    const hasStarted = job?.nodes !== undefined;
    if (isOver && (await deadline.hasPassed(`job ${jobId} has ended as ${job.state}`, { hasStarted }))) {
      await progress.finish();
      return { ending: await tellFullFolder(endingOfJob(job), record) };
    }
    return undefined;
  };
  for (;;) {
    const seen = await reader.attempt(look);
    if (seen !== undefined) {
      return seen.ending;
    }
    await context.clock.sleep(filePollMs, context.signal);
  }
}

/** Where there is no space, the script could not say its last word either. */
async function tellFullFolder(ending: Ending, { folder }: RunRecord): Promise<Ending> {
  return (await hasSpace(folder))
    ? ending
    : {
        ...ending,
        message: `${ending.message}; no space is left for ${folder}; fix: free some, or move the project`,
      };
}

/**
 * Asks Slurm at growing intervals and tells each change of state; a controller that is away is waited for. Nobody waits
 * for an answer: without its controller squeue takes half a minute to say so, and the run may say its last word meanwhile.
 */
class JobPoller {
  readonly #context: Context;
  readonly #jobId: string;
  readonly #over = new AbortController();
  #intervalMs = slurmPollMs.first;
  #nextMs = 0;
  #asking = false;
  #failure: Error | undefined;
  #job: Job | undefined;
  #said = '';

  constructor(context: Context, jobId: string) {
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#over.signal]) };
    this.#jobId = jobId;
  }

  /** What was last heard of the job. */
  poll(): Job | undefined {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const nowMs = this.#context.clock.now().getTime();
    const ended = this.#job !== undefined && hasEnded(this.#job);
    if (!this.#asking && !ended && nowMs >= this.#nextMs) {
      void this.#ask();
    }
    return this.#job;
  }

  /** Ends a question that has no answer yet. */
  stop(): void {
    this.#over.abort();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    try {
      this.#job = (await queryJob(this.#context, this.#jobId)) ?? this.#job;
      this.#say(this.#job);
    } catch (error) {
      if (this.#context.signal.aborted) {
        return;
      }
      if (error instanceof CommandFailedError) {
        this.#tell(`Slurm does not answer, still waiting: ${error.message}`);
      } else {
        this.#failure = error as Error;
      }
    } finally {
      this.#asking = false;
      this.#intervalMs = Math.min(this.#intervalMs * slurmPollMs.factor, slurmPollMs.longest);
      this.#nextMs = this.#context.clock.now().getTime() + this.#intervalMs;
    }
  }

  #say(job: Job | undefined): void {
    if (job !== undefined) {
      const where = job.nodes === undefined ? '' : ` on ${job.nodes}`;
      const why = job.reason === undefined ? '' : ` (${job.reason})`;
      this.#tell(`job ${this.#jobId}: ${job.state}${where}${why}`);
    }
  }

  #tell(line: string): void {
    if (line !== this.#said) {
      this.#context.output.info(line);
      this.#said = line;
    }
  }
}
