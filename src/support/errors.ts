/** What the process ends with; documented in docs/reference/exit-codes.md. */
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
  /** What the user can do about it, one sentence. */
  fix?: string;
  /** A file that says more. */
  log?: string;
  cause?: unknown;
}

/** An error that is meant for the user: what failed and why, the fix, where the log is. */
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

/** Wrong flags, a wrong configuration, an input file that cannot be used. */
export class UsageError extends HpcGatError {
  override readonly exitCode = ExitCode.usage;
}

/** A program that this host lacks. */
export class MissingToolError extends HpcGatError {
  override readonly exitCode = ExitCode.missingTool;
}

/** An external program that was started and failed. */
export class CommandFailedError extends HpcGatError {
  override readonly exitCode = ExitCode.commandFailed;
}

/** A server, a job or a cluster that was not ready before its deadline. */
export class NotReadyError extends HpcGatError {
  override readonly exitCode = ExitCode.notReady;
}

/** The server answered, and the answer is wrong. */
export class WrongAnswerError extends HpcGatError {
  override readonly exitCode = ExitCode.wrongAnswer;
}

/** The user or the system asked this process to end. */
export class InterruptedError extends HpcGatError {
  override readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
  }
}

/**
 * The `code` of an error of the system, like "ENOENT". Not by `instanceof Error`: under Jest the errors of
 * Node's own modules come from another realm.
 */
export function getErrorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** A full file system, or a quota that is used up. */
export function isOutOfSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(getErrorCode(error) ?? '');
}

export function getErrorMessage(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
