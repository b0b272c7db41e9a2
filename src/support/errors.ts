/** Exit codes of the process; documented in docs/reference/exit-codes.md. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  missingTool: 3,
  commandFailed: 4,
  notReady: 5,
  wrongAnswer: 6,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const;

export interface ErrorFacts {
  /** Action that corrects the error, in one sentence. */
  fix?: string;
  /** File with further details. */
  log?: string;
  cause?: unknown;
}

/** Error for the user: what failed and why, the fix, and the log. */
export class HpcGatError extends Error {
  readonly exitCode: number = ExitCode.failure;
  readonly fix: string | undefined;
  readonly log: string | undefined;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.fix = facts.fix;
    this.log = facts.log;
  }
}

/** Error for wrong options, a wrong configuration, or an unusable input file. */
export class UsageError extends HpcGatError {
  override readonly exitCode = ExitCode.usage;
}

/** Error for a program that this host lacks. */
export class MissingToolError extends HpcGatError {
  override readonly exitCode = ExitCode.missingTool;
}

/** Error for an external program that was started and failed. */
export class CommandFailedError extends HpcGatError {
  override readonly exitCode = ExitCode.commandFailed;
}

/** Error for a server, a job or a cluster that was not ready before its deadline. */
export class NotReadyError extends HpcGatError {
  override readonly exitCode = ExitCode.notReady;
}

/** Error for a wrong answer of the server. */
export class WrongAnswerError extends HpcGatError {
  override readonly exitCode = ExitCode.wrongAnswer;
}

/** Error for a process that the user or the system interrupted. */
export class InterruptedError extends HpcGatError {
  override readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
  }
}

/**
 * Returns the `code` of a system error, such as "ENOENT". `instanceof Error` would fail under Jest, where the
 * errors of Node's own modules come from another realm.
 */
export function getErrorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** Returns whether an error reports a full file system or an exhausted quota. */
export function isOutOfSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(getErrorCode(error) ?? '');
}

export function getErrorMessage(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
