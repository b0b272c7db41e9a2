import type { Context } from '../support/context.ts';
import { isTransient, visibilityDelayMs } from '../support/shared-files.ts';
import { messageOf } from '../support/errors.ts';
import type { RunRecord } from './record/run-directory.ts';

/** How long a script that may never have started is given, and how long nobody is told that something is waited for. */
const shortMs = 3_000;

/** The time in which the script's report, `ended.json`, may still become visible after its run has ended. */
export class ReportDeadline {
  readonly #context: Context;
  readonly #record: RunRecord;
  #sinceMs: number | undefined;
  #graceMs: number | undefined;
  #isTold = false;

  constructor(context: Context, record: RunRecord) {
    this.#context = context;
    this.#record = record;
  }

  /**
   * Whether the report has had enough time since this was first called.
   *
   * @param what has ended, for whoever waits: "job 12 has ended as COMPLETED".
   */
  async hasPassed(what: string, { hasStarted }: { readonly hasStarted: boolean }): Promise<boolean> {
    const nowMs = this.#context.clock.now().getTime();
    this.#sinceMs ??= nowMs;
    this.#graceMs ??= hasStarted ? await visibilityDelayMs(this.#record.folder) : shortMs;
    const waitedMs = nowMs - this.#sinceMs;
    if (waitedMs >= this.#graceMs) {
      return true;
    }
    if (!this.#isTold && waitedMs >= shortMs) {
      this.#isTold = true;
      this.#context.output.info(
        `${what}; its report may take up to ${this.#graceMs / 1_000} s to become visible in ${this.#record.folder}`,
      );
    }
    return false;
  }

  /** For a run that goes on after all. */
  restart(): void {
    this.#sinceMs = undefined;
  }
}

/** Repeats readings of a run's directory that fail only while its file server is away, and reports that once. */
export class TolerantReader {
  readonly #context: Context;
  #reported = '';

  constructor(context: Context) {
    this.#context = context;
  }

  /** The result; undefined when the file system has failed for the moment. */
  async attempt<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await read();
      this.#reported = '';
      return result;
    } catch (error) {
      if (!isTransient(error)) {
        throw error;
      }
      const message = messageOf(error);
      if (message !== this.#reported) {
        this.#reported = message;
        this.#context.output.info(`the file system does not answer, still waiting: ${message}`);
      }
      return undefined;
    }
  }
}
