import type { Context } from '../support/context.ts';
import { runSlurm } from './command.ts';

const timeoutMs = 15_000;

/** The account that a user's jobs are charged to when they name none; undefined where accounting does not say. */
export async function defaultAccount(context: Context, user: string): Promise<string | undefined> {
  try {
    const args = ['-nP', 'show', 'user', user, 'format=defaultaccount'];
    const { exitCode, stdout } = await runSlurm(context, 'sacctmgr', args, { timeoutMs });
    const account = stdout.trim().split('\n')[0] ?? '';
    return exitCode === 0 && account !== '' ? account : undefined;
  } catch {
    // A site may have no accounting, and no program to ask it.
    context.signal.throwIfAborted();
    return undefined;
  }
}
