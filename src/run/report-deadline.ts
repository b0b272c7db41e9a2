import type { Context } from '../support/context.ts';
import { isTransient, getVisibilityDelayMs } from '../support/files/shared-files.ts';
import { getErrorMessage } from '../support/errors.ts';
import type { RunDirectory } from './record/run-directory.ts';

/** Time for a script that may never have started, and time before waiting is reported. */
const shortMs = 3_000;

/** Deadline until which the script's report, `ended.json`, may still become visible after its run has ended. */
export class ReportDeadline {
  readonly #context: Context;
  readonly #record: RunDirectory;
  #sinceMs: number | undefined;
  #graceMs: number | undefined;
  #isReported = false;

  constructor(context: Context, record: RunDirectory) {
    this.#context = context;
    this.#record = record;
  }

  /**
   * Returns whether the deadline has passed since the first call.
   *
   * @param what event that is reported to the user: "job 12 has ended as COMPLETED"
   */
  async hasPassed(what: string, { hasStarted }: { readonly hasStarted: boolean }): Promise<boolean> {
    const nowMs = this.#context.clock.now().getTime();
    this.#sinceMs ??= nowMs;
    this.#graceMs ??= hasStarted ? await getVisibilityDelayMs(this.#record.directory) : shortMs;
    const waitedMs = nowMs - this.#sinceMs;
    if (waitedMs >= this.#graceMs) {
      return true;
    }
    if (!this.#isReported && waitedMs >= shortMs) {
      this.#isReported = true;
      this.#context.output.info(
        `${what}; its report may take up to ${this.#graceMs / 1_000} s to become visible in ${this.#record.directory}`,
      );
    }
    return false;
  }

  /** Resets the deadline for a run that continues. */
  restart(): void {
    this.#sinceMs = undefined;
  }
}

/** Repeats reads of a run directory that fail only while its file server is unavailable, and reports that once. */
export class TolerantReader {
  readonly #context: Context;
  #reported = '';

  constructor(context: Context) {
    this.#context = context;
  }

  /** Returns the result; undefined after a transient failure of the file system. */
  async attempt<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await read();
      this.#reported = '';
      return result;
    } catch (error) {
      if (!isTransient(error)) {
        throw error;
      }
      const message = getErrorMessage(error);
      if (message !== this.#reported) {
        this.#reported = message;
        this.#context.output.info(`the file system does not answer, still waiting: ${message}`);
      }
      return undefined;
    }
  }
}
