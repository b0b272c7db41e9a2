import type { Context } from '../support/context.ts';
import { runSlurm } from './run-slurm.ts';

const timeoutMs = 15_000;

/** Account that a user may charge jobs to, and the qualities of service that its jobs may request. */
export interface Association {
  readonly account: string;
  readonly qos: readonly string[];
}

/**
 * Returns the account that a user's jobs are charged to by default; undefined where accounting does not
 * report it.
 */
export async function findDefaultAccount(context: Context, user: string): Promise<string | undefined> {
  const [account = ''] = await queryAccounting(context, ['show', 'user', user, 'format=defaultaccount']);
  return account === '' ? undefined : account;
}

/** Lists the accounts of a user; empty where accounting does not report them. */
export async function listAssociations(context: Context, user: string): Promise<Association[]> {
  const lines = await queryAccounting(context, [
    'show',
    'associations',
    `user=${user}`,
    'format=account,qos',
  ]);
  return lines.map((line) => {
    const [account = '', qos = ''] = line.split('|');
    return { account, qos: qos.split(',').filter((name) => name !== '') };
  });
}

/**
 * Queries sacctmgr and returns the lines of its answer; none where a site has no accounting, or no sacctmgr.
 */
async function queryAccounting(context: Context, args: readonly string[]): Promise<string[]> {
  try {
    const { exitCode, stdout } = await runSlurm(context, 'sacctmgr', ['-nP', ...args], { timeoutMs });
    return exitCode === 0 ? stdout.split('\n').filter((line) => line !== '') : [];
  } catch {
    context.signal.throwIfAborted();
    return [];
  }
}
