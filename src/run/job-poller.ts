import { hasEnded, type Job, queryJob } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';

/** Intervals between queries to Slurm: one second at first, then growing, because a queue may take days. */
const slurmPollMs = { first: 1_000, factor: 1.3, longest: 10_000 };
/** Time for which a job may be unknown: a controller that is starting may not know it yet. */
const forgottenMs = 8_000;
const unknownPollMs = 3_000;

/**
 * Queries Slurm at growing intervals and reports each change of state; waits for an unreachable controller. Queries do
 * not block the caller: squeue takes half a minute to fail without its controller, and the run may end meanwhile.
 */
export class JobPoller {
  readonly #context: Context;
  readonly #jobId: string;
  readonly #over = new AbortController();
  #intervalMs = slurmPollMs.first;
  #longestMs = slurmPollMs.longest;
  #nextMs = 0;
  #isQuerying = false;
  #failure: Error | undefined;
  #job: Job | undefined;
  #unknownSinceMs: number | undefined;
  #reported = '';

  constructor(context: Context, jobId: string) {
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#over.signal]) };
    this.#jobId = jobId;
  }

  /** Last known state of the job. */
  poll(): Job | undefined {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const nowMs = this.#context.clock.now().getTime();
    const ended = this.#job !== undefined && hasEnded(this.#job);
    if (!this.#isQuerying && !ended && nowMs >= this.#nextMs) {
      void this.#query();
    }
    return this.#job;
  }

  /**
   * Returns whether Slurm no longer knows the job: it answers, and the job has been unknown for some seconds.
   */
  get isForgotten(): boolean {
    return (
      this.#unknownSinceMs !== undefined &&
      this.#context.clock.now().getTime() - this.#unknownSinceMs >= forgottenMs
    );
  }

  /** Shortens the interval because the job is about to change. */
  hurry(): void {
    this.#longestMs = slurmPollMs.first;
    this.#nextMs = Math.min(this.#nextMs, this.#context.clock.now().getTime() + this.#longestMs);
  }

  /** Aborts a pending query. */
  stop(): void {
    this.#over.abort();
  }

  async #query(): Promise<void> {
    this.#isQuerying = true;
    try {
      const job = await queryJob(this.#context, this.#jobId);
      if (job === undefined) {
        this.#unknownSinceMs ??= this.#context.clock.now().getTime();
        this.#longestMs = unknownPollMs;
      } else {
        this.#unknownSinceMs = undefined;
        this.#job = job;
      }
      this.#reportJob(job);
    } catch (error) {
      if (this.#context.signal.aborted) {
        return;
      }
      if (error instanceof CommandFailedError) {
        this.#report(`Slurm does not answer, still waiting: ${error.message}`);
      } else {
        this.#failure = error as Error;
      }
    } finally {
      this.#isQuerying = false;
      this.#intervalMs = Math.min(this.#intervalMs * slurmPollMs.factor, this.#longestMs);
      this.#nextMs = this.#context.clock.now().getTime() + this.#intervalMs;
    }
  }

  #reportJob(job: Job | undefined): void {
    if (job !== undefined) {
      const where = job.nodes === undefined ? '' : ` on ${job.nodes}`;
      const why = job.reason === undefined ? '' : ` (${job.reason})`;
      const held = (job.reason ?? '').startsWith('JobHeld')
        ? `; it is held, and starts after \`scontrol release ${this.#jobId}\``
        : '';
      this.#report(`job ${this.#jobId}: ${job.state}${where}${why}${held}`);
    }
  }

  #report(line: string): void {
    if (line !== this.#reported) {
      this.#context.output.info(line);
      this.#reported = line;
    }
  }
}
