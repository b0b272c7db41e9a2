import { CommandFailedError, MissingToolError } from '../errors.ts';

export interface CommandOptions {
  cwd?: string;
  /** The complete environment of the child; nothing is inherited beside it. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Text or bytes for standard input; without it the child's standard input is empty. */
  input?: string | Uint8Array;
  /** The child gets SIGTERM, and SIGKILL 5 s later, when this time has passed. */
  timeoutMs?: number;
  /** The child gets SIGTERM, and later SIGKILL, when it aborts. */
  signal?: AbortSignal;
  /** Sent instead of SIGTERM when the time has passed or `signal` aborts. */
  killSignal?: 'SIGINT' | 'SIGKILL';
  /** The child gets a session of its own, so that a Ctrl-C in the terminal reaches this process alone. */
  ownSession?: boolean;
  /** How long a child that was asked to end may take before it gets SIGKILL; 5 s without it. */
  forceKillAfterMs?: number;
  /** Called with the child's process id as soon as it runs. */
  onStart?: (pid: number) => void;
  /** The child shares this process's terminal; nothing is captured. */
  inherit?: boolean;
  /** Called with each line as it comes, without its line feed. */
  onStderrLine?: (line: string) => void;
  onStdoutLine?: (line: string) => void;
}

export interface CommandResult {
  /** The command as one would type it, for messages. */
  readonly command: string;
  /** Undefined when a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a program and waits for its end, whatever its exit code.
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
 * The result, when the command ended with 0.
 *
 * @throws {CommandFailedError} with the last lines of what the command said otherwise.
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

/** "exit code 1", "no answer in time", "signal SIGKILL". */
export function formatEnd(result: CommandResult): string {
  if (result.timedOut) {
    return 'no answer in time';
  }
  return result.signal === undefined
    ? `exit code ${result.exitCode ?? 'unknown'}`
    : `signal ${result.signal}`;
}

/** The end of what it said, its errors first. */
export function getLastLines({ stderr, stdout }: CommandResult): string {
  const said = (stderr.trim() || stdout.trim() || 'it said nothing').split('\n');
  return said.slice(-5).join('\n');
}
