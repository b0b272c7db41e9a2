import type { Context } from '../support/context.ts';
import { runSlurm } from './run-slurm.ts';

const timeoutMs = 15_000;

/** An account that a user may charge jobs to, and the qualities of service that these may ask for. */
export interface Association {
  readonly account: string;
  readonly qos: readonly string[];
}

/** The account that a user's jobs are charged to when they name none; undefined where accounting does not say. */
export async function findDefaultAccount(context: Context, user: string): Promise<string | undefined> {
  const [account = ''] = await queryAccounting(context, ['show', 'user', user, 'format=defaultaccount']);
  return account === '' ? undefined : account;
}

/** Empty where accounting does not say. */
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

/** The lines of sacctmgr's answer; none where a site has no accounting, or no program to ask it. */
async function queryAccounting(context: Context, args: readonly string[]): Promise<string[]> {
  try {
    const { exitCode, stdout } = await runSlurm(context, 'sacctmgr', ['-nP', ...args], { timeoutMs });
    return exitCode === 0 ? stdout.split('\n').filter((line) => line !== '') : [];
  } catch {
    context.signal.throwIfAborted();
    return [];
  }
}
