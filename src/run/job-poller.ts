import { hasEnded, type Job, queryJob } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';

/** Slurm is asked once a second at first, then ever less often: a queue may take days. */
const slurmPollMs = { first: 1_000, factor: 1.3, longest: 10_000 };
/** A controller that is just starting may not know a job for a moment. */
const forgottenMs = 8_000;
const unknownPollMs = 3_000;

/**
 * Asks Slurm at growing intervals and tells each change of state; a controller that is away is waited for. Nobody waits
 * for an answer: without its controller squeue takes half a minute to say so, and the run may say its last word meanwhile.
 */
export class JobPoller {
  readonly #context: Context;
  readonly #jobId: string;
  readonly #over = new AbortController();
  #intervalMs = slurmPollMs.first;
  #longestMs = slurmPollMs.longest;
  #nextMs = 0;
  #asking = false;
  #failure: Error | undefined;
  #job: Job | undefined;
  #unknownSinceMs: number | undefined;
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

  /** Whether Slurm answers, and has not known the job for some seconds: it has forgotten it. */
  get isForgotten(): boolean {
    return (
      this.#unknownSinceMs !== undefined &&
      this.#context.clock.now().getTime() - this.#unknownSinceMs >= forgottenMs
    );
  }

  /** Asks often from now on: the job is about to change. */
  hurry(): void {
    this.#longestMs = slurmPollMs.first;
    this.#nextMs = Math.min(this.#nextMs, this.#context.clock.now().getTime() + this.#longestMs);
  }

  /** Ends a question that has no answer yet. */
  stop(): void {
    this.#over.abort();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    try {
      const job = await queryJob(this.#context, this.#jobId);
      if (job === undefined) {
        this.#unknownSinceMs ??= this.#context.clock.now().getTime();
        this.#longestMs = unknownPollMs;
      } else {
        this.#unknownSinceMs = undefined;
        this.#job = job;
      }
      this.#say(job);
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
      this.#intervalMs = Math.min(this.#intervalMs * slurmPollMs.factor, this.#longestMs);
      this.#nextMs = this.#context.clock.now().getTime() + this.#intervalMs;
    }
  }

  #say(job: Job | undefined): void {
    if (job !== undefined) {
      const where = job.nodes === undefined ? '' : ` on ${job.nodes}`;
      const why = job.reason === undefined ? '' : ` (${job.reason})`;
      const held = (job.reason ?? '').startsWith('JobHeld')
        ? `; it is held, and starts after \`scontrol release ${this.#jobId}\``
        : '';
      this.#tell(`job ${this.#jobId}: ${job.state}${where}${why}${held}`);
    }
  }

  #tell(line: string): void {
    if (line !== this.#said) {
      this.#context.output.info(line);
      this.#said = line;
    }
  }
}
