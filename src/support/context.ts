import type { Output } from './output.ts';
import type { RunCommand } from './processes/command.ts';

/** Everything that a verb receives from outside. Tests pass their own; no module reads `process` itself. */
export interface Context {
  /** Environment of this process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute directory from which relative paths of the user are resolved. */
  readonly cwd: string;
  readonly output: Output;
  readonly run: RunCommand;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C or SIGTERM, with an InterruptedError as reason. */
  readonly signal: AbortSignal;
}

export interface Clock {
  now(): Date;
  /** Resolves after `ms`, rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
