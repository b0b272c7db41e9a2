import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { CommandOptions, CommandResult } from '../support/processes/command.ts';
import type { Clock } from '../support/context.ts';
import { getErrorCode, ExitCode, HpcGatError, UsageError, type InterruptedError } from '../support/errors.ts';
import { nodeDirectory, getNode, type Lab } from './open-lab.ts';
import { findRunningProcess } from './processes.ts';

export interface ExecOptions {
  /** One of the lab's people, or root; without it the first of the people. */
  user?: string;
  /** Without it the user's home. */
  cwd?: string;
  /** Beside what a login sets. */
  env?: Readonly<Record<string, string>>;
}

/** Runs a command in a node, in the environment of a fresh login, and waits for its end, whatever its exit code. */
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
 * The command of the host that runs a command in a node.
 *
 * @param terminal whether a terminal sends Ctrl-C to the command itself
 * @throws {UsageError} for an unknown node or user, {HpcGatError} when the node is down.
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
  // Ctrl-C in a terminal is for the command; nsenter, which waits in front of it, has to stay. Elsewhere it ends
  // nsenter too, so that none is lost that comes before the command has started.
  const ignoring = terminal ? ['--ignore-signal=INT,QUIT'] : [];
  return [
    // Whoever dies without a word takes what it started along: this process nsenter, nsenter the command.
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
 * Runs a command in a node on this process's own standard streams.
 *
 * @param terminal whether standard input is a terminal, which then sends Ctrl-C to the command itself
 * @returns its exit code; 128 and the number of the signal that ended it
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
  let handOn = (): void => undefined;
  const onStart = (pid: number): void => {
    handOn = () => {
      const interrupted = (signal.reason as InterruptedError).exitCode === ExitCode.interrupted;
      if (!(terminal && interrupted)) {
        void signalInside(pid, interrupted ? 'SIGINT' : 'SIGTERM', lab.context.clock);
      }
    };
    signal.addEventListener('abort', handOn);
    if (signal.aborted) {
      handOn();
    }
  };
  // Away from a terminal, so that a signal to the whole group does not arrive twice.
  const ownSession = !terminal;
  try {
    const ended = await run(file, args, { env: { PATH: env.PATH }, inherit: true, ownSession, onStart });
    return ended.exitCode ?? 128 + constants.signals[ended.signal as NodeJS.Signals];
  } finally {
    signal.removeEventListener('abort', handOn);
  }
}

/**
 * Sends a signal to what {@link enterNode}'s command started: nsenter waits in front of it and hands nothing on.
 *
 * @param pid of the process started on the host
 */
async function signalInside(pid: number, signal: 'SIGINT' | 'SIGTERM', clock: Clock): Promise<void> {
  // Undefined once nsenter has ended, empty before it has started the command.
  const childrenOf = () => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => undefined);
  let children = await childrenOf();
  for (let left = 100; children === '' && left > 0; left -= 1) {
    await clock.sleep(10);
    children = await childrenOf();
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
