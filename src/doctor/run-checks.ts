import { HpcGatError } from '../support/errors.ts';
import type { Check, Finding, CheckContext } from './check.ts';
import { containerChecks } from './container-checks.ts';
import { dockerChecks } from './docker-checks.ts';
import { driverChecks } from './driver-checks.ts';
import { quotaChecks } from './quota-checks.ts';
import { loginChecks } from './login-checks.ts';
import { slurmChecks } from './slurm-checks.ts';
import { storageChecks } from './storage-checks.ts';

export interface CheckResult extends Finding {
  readonly check: string;
}

export const allChecks: readonly Check[] = [
  ...containerChecks,
  ...driverChecks,
  ...dockerChecks,
  ...slurmChecks,
  ...loginChecks,
  ...storageChecks,
  ...quotaChecks,
];

/** Runs the checks of this host, in the order in which a user would fix their findings. */
export async function runChecks(
  host: CheckContext,
  checks: readonly Check[] = allChecks,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, run } of checks) {
    for (const finding of [await runCheck(run, host)].flat()) {
      results.push({ check: name, ...finding });
    }
  }
  return results;
}

async function runCheck(run: Check['run'], host: CheckContext): Promise<Finding | Finding[]> {
  try {
    return await run(host);
  } catch (error) {
    host.context.signal.throwIfAborted();
    if (error instanceof HpcGatError) {
      return {
        status: 'error',
        message: error.message,
        ...(error.fix !== undefined && { fix: error.fix }),
      };
    }
    throw error;
  }
}

/** Formats a line for each result, and another one for its fix. */
export function formatCheckResults(results: readonly CheckResult[]): string[] {
  const width = Math.max(...results.map(({ check }) => check.length));
  return results.flatMap(({ status, check, message, fix }) => [
    `${status.padEnd(7)}  ${check.padEnd(width)}  ${message}`,
    ...(fix === undefined ? [] : [`${' '.repeat(9 + width)}  fix: ${fix}`]),
  ]);
}
