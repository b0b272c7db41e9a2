import { CommandFailedError, MissingToolError } from '../errors.ts';

export interface CommandOptions {
  cwd?: string;
  /** Complete environment of the child, which inherits no other variable. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Text or bytes for standard input, which is empty by default. */
  input?: string | Uint8Array;
  /** Time limit, after which the child gets SIGTERM, and SIGKILL 5 s later. */
  timeoutMs?: number;
  /** Signal whose abort sends SIGTERM to the child, and SIGKILL later. */
  signal?: AbortSignal;
  /** Signal that is sent instead of SIGTERM. */
  killSignal?: 'SIGINT' | 'SIGKILL';
  /** Starts the child in a new session, so that Ctrl-C in the terminal reaches only this process. */
  ownSession?: boolean;
  /** Time between SIGTERM and SIGKILL; 5 s by default. */
  forceKillAfterMs?: number;
  /** Called with the child's process id as soon as it runs. */
  onStart?: (pid: number) => void;
  /** Connects the child to the terminal of this process and captures nothing. */
  inherit?: boolean;
  /** Called with each line of output as it arrives, without its line feed. */
  onStderrLine?: (line: string) => void;
  onStdoutLine?: (line: string) => void;
}

export interface CommandResult {
  /** Command line as a user would type it, for messages. */
  readonly command: string;
  /** Exit code; undefined when a signal ended the command or it could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a program and waits until it ends, whatever its exit code.
 *
 * @throws {MissingToolError} when there is no such program.
 * @throws the signal's reason when `signal` aborted.
 */
export type RunCommand = (
  file: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>;

export const runCommand: RunCommand = async (file, args, options = {}) => {
  options.signal?.throwIfAborted();
  const { execa } = await import('execa');
  const child = execa(file, args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.env !== undefined && { env: options.env, extendEnv: false }),
    ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
    ...(options.signal !== undefined && { cancelSignal: options.signal }),
    ...(options.killSignal !== undefined && { killSignal: options.killSignal }),
    ...(options.ownSession === true && { detached: true }),
    ...(options.forceKillAfterMs !== undefined && { forceKillAfterDelay: options.forceKillAfterMs }),
    ...(options.input !== undefined
      ? { input: options.input }
      : !options.inherit && { stdin: 'ignore' as const }),
    ...(options.inherit === true && { stdio: 'inherit' as const }),
    reject: false,
  });
  if (child.pid !== undefined) {
    options.onStart?.(child.pid);
  }
  const { onStdoutLine, onStderrLine } = options;
  await Promise.all([
    onStdoutLine && forEachLine(child.iterable({ from: 'stdout' }), onStdoutLine),
    onStderrLine && forEachLine(child.iterable({ from: 'stderr' }), onStderrLine),
  ]);
  const result = await child;
  options.signal?.throwIfAborted();
  if (result.code === 'ENOENT' || result.code === 'EACCES') {
    throw new MissingToolError(`${file}: command not found`, { cause: result });
  }
  return {
    command: result.command,
    exitCode: result.exitCode,
    signal: result.signal,
    timedOut: result.timedOut,
    stdout: toText(result.stdout),
    stderr: toText(result.stderr),
  };
};

async function forEachLine(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  for await (const line of lines) {
    onLine(String(line));
  }
}

function toText(captured: unknown): string {
  return typeof captured === 'string' ? captured : '';
}

/**
 * Returns the result of a command that exited with 0.
 *
 * @throws {CommandFailedError} for any other result, with the last lines of output.
 */
export function expectSuccess(result: CommandResult, what: string, fix?: string): CommandResult {
  if (result.exitCode === 0) {
    return result;
  }
  throw new CommandFailedError(`${what} failed (${formatEnd(result)}): ${getLastLines(result)}`, {
    ...(fix !== undefined && { fix }),
    cause: result,
  });
}

/** Formats how a command ended: "exit code 1", "no answer in time", "signal SIGKILL". */
export function formatEnd(result: CommandResult): string {
  if (result.timedOut) {
    return 'no answer in time';
  }
  return result.signal === undefined
    ? `exit code ${result.exitCode ?? 'unknown'}`
    : `signal ${result.signal}`;
}

/** Returns the last lines of standard error, or of standard output if standard error is empty. */
export function getLastLines({ stderr, stdout }: CommandResult): string {
  const lines = (stderr.trim() || stdout.trim() || 'it printed nothing').split('\n');
  return lines.slice(-5).join('\n');
}
