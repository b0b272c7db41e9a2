import type { CommandResult } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError, NotReadyError } from '../support/errors.ts';
import { runSlurm } from './run-slurm.ts';
import { type Job, queryJob } from './job.ts';
import { formatJobId } from './job-id.ts';

/** Interval between queries for the reason why the job is pending. */
const pollMs = 5_000;

export interface SmallJob {
  /** Options for srun: the request, and the node or partition. */
  readonly options: readonly string[];
  /** Program and arguments; it reads `input`, and its first line of output shows that the job has started. */
  readonly command: readonly string[];
  readonly input: string;
  /** Cluster of the options; undefined for this host's own. */
  readonly cluster?: string | undefined;
  /** Time limit in the queue, in milliseconds. */
  readonly waitMs: number;
  /** Time limit after the start, in milliseconds. */
  readonly limitMs: number;
}

/** Error for a job that did not start in time and was canceled. */
export class NotStartedError extends NotReadyError {
  /** State and reason as reported by Slurm. */
  readonly why: string;

  constructor(job: Job | undefined, waitMs: number) {
    const why =
      job === undefined ? 'Slurm gives no reason' : `${job.state} (${job.reason ?? 'Slurm gives no reason'})`;
    super(`the job did not start within ${waitMs / 1_000} s: ${why}`);
    this.why = why;
  }
}

/**
 * Runs a command in a separate job by srun. While the job waits in the queue, its state and reason are
 * reported.
 *
 * @throws {NotStartedError} when the job does not start in time.
 */
export async function runSmallJob(context: Context, job: SmallJob): Promise<CommandResult> {
  const giveUp = new AbortController();
  const srun: { number?: string | undefined; started: boolean } = { started: false };
  const running = runSlurm(
    { ...context, signal: AbortSignal.any([context.signal, giveUp.signal]) },
    'srun',
    // The limits of this shell (`ulimit`) apply to this host only.
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
  let reported = '';
  for (;;) {
    const leftMs = deadlineMs - context.clock.now().getTime();
    const timer = new AbortController();
    const waited = context.clock
      .sleep(Math.max(0, Math.min(pollMs, leftMs)), AbortSignal.any([context.signal, timer.signal]))
      .then(() => false)
      .catch(() => over);
    const isOver = await Promise.race([over, waited]);
    // A pending timer would keep this process alive.
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
    if (line !== reported) {
      context.output.info(line);
      reported = line;
    }
  }
}

function undefinedIfSilent(error: unknown): undefined {
  if (!(error instanceof CommandFailedError)) {
    throw error;
  }
}
