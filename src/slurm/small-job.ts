import type { CommandResult } from '../support/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError, NotReadyError } from '../support/errors.ts';
import { runSlurm } from './command.ts';
import { type Job, queryJob } from './job.ts';
import { formatJobId } from './job-id.ts';

/** How often Slurm is asked why the job still waits. */
const pollMs = 5_000;

export interface SmallJob {
  /** Options for srun: the request, and the node or partition. */
  readonly options: readonly string[];
  /** Program and arguments; it reads `input`, and its first line of output tells that the job has started. */
  readonly command: readonly string[];
  readonly input: string;
  /** Cluster that the options name; undefined for this host's own. */
  readonly cluster?: string | undefined;
  /** How long the job may wait in the queue. */
  readonly waitMs: number;
  /** How long it may take after that. */
  readonly limitMs: number;
}

/** A job that did not start in time; it is cancelled. */
export class NotStartedError extends NotReadyError {
  /** State and reason in Slurm's words, where it gives them. */
  readonly why: string;

  constructor(job: Job | undefined, waitMs: number) {
    const why =
      job === undefined ? 'Slurm gives no reason' : `${job.state} (${job.reason ?? 'Slurm gives no reason'})`;
    super(`the job did not start within ${waitMs / 1_000} s: ${why}`);
    this.why = why;
  }
}

/**
 * Runs a command in a job of its own by srun. While the job waits in the queue, its state and reason are reported.
 *
 * @throws {NotStartedError} when the job does not start in time.
 */
export async function runSmallJob(context: Context, job: SmallJob): Promise<CommandResult> {
  const giveUp = new AbortController();
  const srun: { number?: string | undefined; started: boolean } = { started: false };
  const running = runSlurm(
    { ...context, signal: AbortSignal.any([context.signal, giveUp.signal]) },
    'srun',
    // The limits of this shell (`ulimit`) are meant for this host.
    ['--propagate=NONE', ...job.options, ...job.command],
    {
      input: job.input,
      timeoutMs: job.waitMs + job.limitMs,
      onStderrLine: (line) => {
        const number = /\bjob (\d+)/.exec(line)?.[1];
        srun.number ??= number;
      },
      onStdoutLine: () => {
        srun.started = true;
      },
    },
  );
  const over = running.then(
    () => true,
    () => true,
  );
  const query = async (): Promise<Job | undefined> =>
    srun.number === undefined
      ? undefined
      : queryJob(context, formatJobId({ number: srun.number, cluster: job.cluster })).catch(
          undefinedIfSilent,
        );
  const deadlineMs = context.clock.now().getTime() + job.waitMs;
  let told = '';
  for (;;) {
    const leftMs = deadlineMs - context.clock.now().getTime();
    const timer = new AbortController();
    const waited = context.clock
      .sleep(Math.max(0, Math.min(pollMs, leftMs)), AbortSignal.any([context.signal, timer.signal]))
      .then(() => false)
      .catch(() => over);
    const isOver = await Promise.race([over, waited]);
    // Otherwise the timer keeps this process alive.
    timer.abort();
    if (isOver || srun.started) {
      return running;
    }
    const seen = await query();
    if (context.clock.now().getTime() >= deadlineMs) {
      giveUp.abort(new NotReadyError('the job did not start in time'));
      await over;
      throw new NotStartedError(seen, job.waitMs);
    }
    const line = `job ${srun.number ?? 'of srun'} waits: ${seen === undefined ? 'no reason yet' : `${seen.state} (${seen.reason ?? 'no reason yet'})`}`;
    if (line !== told) {
      context.output.info(line);
      told = line;
    }
  }
}

function undefinedIfSilent(error: unknown): undefined {
  if (!(error instanceof CommandFailedError)) {
    throw error;
  }
}
