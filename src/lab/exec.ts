import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { CommandOptions, CommandResult } from '../support/processes/command.ts';
import type { Clock } from '../support/context.ts';
import { getErrorCode, ExitCode, HpcGatError, UsageError, type InterruptedError } from '../support/errors.ts';
import { nodeDirectory, getNode, type Lab } from './open-lab.ts';
import { findRunningProcess } from './processes.ts';

export interface ExecOptions {
  /** User of the lab, or root; by default the first user. */
  user?: string;
  /** Working directory; by default the user's home. */
  cwd?: string;
  /** Variables in addition to those of a login. */
  env?: Readonly<Record<string, string>>;
}

/**
 * Runs a command in a node, in the environment of a new login, and waits until it ends, whatever its exit
 * code.
 */
export async function runInNode(
  lab: Lab,
  node: string,
  command: readonly string[],
  options: ExecOptions & Omit<CommandOptions, 'cwd' | 'env'> = {},
): Promise<CommandResult> {
  const { user, cwd, env, ...rest } = options;
  const [file, ...args] = await enterNode(lab, node, command, {
    ...(user !== undefined && { user }),
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env }),
  });
  return await lab.context.run(file, args, { env: { PATH: lab.context.env.PATH }, ...rest });
}

/**
 * Returns the command of the host that runs a command in a node.
 *
 * @param terminal true when a terminal sends Ctrl-C to the command itself
 * @throws {UsageError} for an unknown node or user.
 * @throws {HpcGatError} when the node is down.
 */
export async function enterNode(
  lab: Lab,
  node: string,
  command: readonly string[],
  { user = getDefaultUser(lab), cwd, env = {} }: ExecOptions = {},
  { terminal = false } = {},
): Promise<[string, ...string[]]> {
  getNode(lab, node);
  const { uid, home } = getUser(lab, user);
  const record = await findRunningProcess(nodeDirectory(lab, node).pidFile);
  if (record === undefined) {
    throw new HpcGatError(`node ${node} of the lab "${lab.name}" is down`, { fix: 'hpc-gat lab up' });
  }
  const login = {
    PATH:
      uid === 0
        ? '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin'
        : '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TERM: lab.context.env.TERM ?? 'dumb',
    ...env,
  };
  // Ctrl-C in a terminal is for the command, and nsenter, which waits for it, must ignore it. Elsewhere the
  // signal also ends nsenter, so that a signal before the start of the command is not lost.
  const ignoring = terminal ? ['--ignore-signal=INT,QUIT'] : [];
  return [
    // A process that is killed takes its child with it: this process nsenter, nsenter the command.
    'env',
    ...ignoring,
    ...(['setpriv', '--pdeathsig', 'KILL', 'nsenter', '--target', String(record.pid)] as const),
    ...['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'],
    ...['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--init-groups', '--pdeathsig', 'TERM'],
    ...['env', '--ignore-environment', '--default-signal=INT,QUIT', `--chdir=${cwd ?? home}`],
    ...Object.entries(login).map(([name, value]) => `${name}=${value}`),
    ...['/bin/sh', '-c', 'umask 022; exec "$@"', 'sh', ...command],
  ];
}

/**
 * Runs a command in a node with the standard streams of this process.
 *
 * @param terminal true when standard input is a terminal, which then sends Ctrl-C to the command itself
 * @returns the exit code of the command; 128 plus the number of the signal that ended it
 */
export async function execInteractively(
  lab: Lab,
  node: string,
  command: readonly string[],
  options: ExecOptions,
  terminal: boolean,
): Promise<number> {
  const { run, env, signal } = lab.context;
  const [file, ...args] = await enterNode(lab, node, command, options, { terminal });
  let forward = (): void => undefined;
  const onStart = (pid: number): void => {
    forward = () => {
      const interrupted = (signal.reason as InterruptedError).exitCode === ExitCode.interrupted;
      if (!(terminal && interrupted)) {
        void signalInside(pid, interrupted ? 'SIGINT' : 'SIGTERM', lab.context.clock);
      }
    };
    signal.addEventListener('abort', forward);
    if (signal.aborted) {
      forward();
    }
  };
  // Without a terminal the command gets its own session, so that a signal to the group does not arrive twice.
  const ownSession = !terminal;
  try {
    const ended = await run(file, args, { env: { PATH: env.PATH }, inherit: true, ownSession, onStart });
    return ended.exitCode ?? 128 + constants.signals[ended.signal as NodeJS.Signals];
  } finally {
    signal.removeEventListener('abort', forward);
  }
}

/**
 * Sends a signal to the command that {@link enterNode} started: nsenter waits for it and does not forward
 * signals.
 *
 * @param pid process id on the host
 */
async function signalInside(pid: number, signal: 'SIGINT' | 'SIGTERM', clock: Clock): Promise<void> {
  // The list is undefined once nsenter has ended, and empty before it has started the command.
  const readChildren = () => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => undefined);
  let children = await readChildren();
  for (let left = 100; children === '' && left > 0; left -= 1) {
    await clock.sleep(10);
    children = await readChildren();
  }
  for (const child of (children ?? '').split(' ').filter((text) => text !== '')) {
    try {
      process.kill(Number(child), signal);
    } catch (error) {
      if (getErrorCode(error) !== 'ESRCH') {
        throw error;
      }
    }
  }
}

function getDefaultUser(lab: Lab): string {
  return Object.keys(lab.cluster.users)[0] ?? 'root';
}

function getUser(lab: Lab, user: string): { uid: number; home: string } {
  if (user === 'root') {
    return { uid: 0, home: '/root' };
  }
  const found = lab.cluster.users[user];
  if (found === undefined) {
    throw new UsageError(`the lab has no user "${user}"`, {
      fix: `users: ${[...Object.keys(lab.cluster.users), 'root'].join(', ')}`,
    });
  }
  return { uid: found.uid, home: `/home/${user}` };
}
