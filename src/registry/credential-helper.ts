import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { formatEnd, type CommandResult } from '../support/processes/command.ts';
import { signalGroup } from '../support/processes/process-group.ts';
import type { Credentials } from './registry-credentials.ts';

/** Time limit of a helper, in milliseconds; helpers of cloud providers use the network. */
const helperTimeoutMs = 30_000;
/** Milliseconds between SIGTERM and SIGKILL. */
const graceMs = 500;
const answerSchema = z.object({ Username: z.string(), Secret: z.string().min(1) });

/**
 * Runs `docker-credential-NAME get` (docker/docker-credential-helpers), which reads the server's name from its
 * standard input.
 *
 * @param servers names under which the helper may store the login; the first match is used.
 * @returns undefined if the helper has no login for any of them.
 * @throws {HpcGatError} if the helper is not installed or fails; the message never contains its output, which may
 *   contain a secret.
 */
export async function queryHelper(
  name: string,
  servers: readonly string[],
  context: Pick<Context, 'env' | 'run' | 'signal'>,
  timeoutMs = helperTimeoutMs,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) {
    throw new HpcGatError('the name of its credential helper is not the name of a program');
  }
  for (const server of servers) {
    const result = await runInGroup(program, server, timeoutMs, context);
    if (result.exitCode === 0) {
      return parseAnswer(result.stdout, program);
    }
    // The protocol defines this text for a missing login.
    if (!/credentials not found/i.test(result.stdout + result.stderr)) {
      throw new HpcGatError(`${program} failed (${formatEnd(result)})`);
    }
  }
  return undefined;
}

/** Runs the helper; on a timeout or Ctrl-C its child processes end too, so that they cannot hold its output open. */
async function runInGroup(
  program: string,
  input: string,
  timeoutMs: number,
  { env, run, signal }: Pick<Context, 'env' | 'run' | 'signal'>,
): Promise<CommandResult> {
  let leader: number | undefined;
  const end = () => {
    if (leader !== undefined) {
      signalGroup(leader, 'SIGKILL');
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const onStart = (pid: number) => {
    leader = pid;
    // Starting a process takes long on a busy host: the time of the helper counts from here, as in `run`.
    timer = setTimeout(end, timeoutMs + graceMs);
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    return await run(program, ['get'], { env, input, timeoutMs, signal, ownSession: true, onStart });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function parseAnswer(text: string, program: string): Credentials {
  const answer = answerSchema.safeParse(jsonOf(text)).data;
  if (answer === undefined) {
    throw new HpcGatError(`${program} did not return a user name and a secret`);
  }
  const { Username: username, Secret: secret } = answer;
  return username === '<token>'
    ? { kind: 'identity-token', token: secret }
    : { kind: 'password', username, password: secret };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
