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

const checks: readonly Check[] = [
  ...containerChecks,
  ...driverChecks,
  ...dockerChecks,
  ...slurmChecks,
  ...loginChecks,
  ...storageChecks,
  ...quotaChecks,
];

/** Everything that can be wrong on this host, in the order in which one would mend it. */
export async function runChecks(patient: CheckContext): Promise<CheckResult[]> {
  const diagnoses: CheckResult[] = [];
  for (const { name, examine: look } of checks) {
    for (const finding of [await runCheck(look, patient)].flat()) {
      diagnoses.push({ check: name, ...finding });
    }
  }
  return diagnoses;
}

async function runCheck(look: Check['examine'], patient: CheckContext): Promise<Finding | Finding[]> {
  try {
    return await look(patient);
  } catch (error) {
    patient.context.signal.throwIfAborted();
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

/** A line for each finding, and one more for what to do. */
export function formatCheckResults(diagnoses: readonly CheckResult[]): string[] {
  const width = Math.max(...diagnoses.map(({ check }) => check.length));
  return diagnoses.flatMap(({ status, check, message, fix }) => [
    `${status.padEnd(7)}  ${check.padEnd(width)}  ${message}`,
    ...(fix === undefined ? [] : [`${' '.repeat(9 + width)}  fix: ${fix}`]),
  ]);
}
