import type { CompleteSettings } from '../../config/defaults.ts';
import { UsageError } from '../../support/errors.ts';
import type { RunPlan } from './run-plan.ts';

/**
 * Variables for the container, as `NAME=value`: those that the settings give a value, and those that they only name
 * and the submitting environment has.
 *
 * @throws {UsageError} for a variable that would affect every program in the container or the server's ports.
 */
export function planEnvironment(
  settings: Pick<CompleteSettings, 'environment' | 'triton'>,
  submitting: Readonly<Record<string, string | undefined>>,
): Pick<RunPlan, 'environment' | 'serverEnvironment' | 'preload'> {
  const environment = settings.environment.flatMap((entry) => {
    const [name = ''] = entry.split('=');
    rejectReserved(name, 'environment');
    const value = submitting[name];
    if (!entry.includes('=') && value?.includes('\n') === true) {
      // Docker's file of variables has no way to write it.
      throw new UsageError(`environment: the value of ${name} has more than one line`, {
        fix: 'put it into a file, and bind that',
      });
    }
    return entry.includes('=') ? [entry] : value === undefined ? [] : [`${name}=${value}`];
  });
  const serverEnvironment = Object.entries(settings.triton.env).map(([name, value]) => {
    rejectReserved(name, 'triton.env');
    return `${name}=${value}`;
  });
  return { environment, serverEnvironment, preload: settings.triton.preload };
}

function rejectReserved(name: string, where: string): void {
  if (name === 'LD_PRELOAD') {
    throw new UsageError(`LD_PRELOAD cannot stand in ${where}`, {
      fix: 'list the libraries in triton.preload: they reach tritonserver alone',
    });
  }
  // tritonserver then serves HTTP on all addresses and no gRPC (src/command_line_parser.cc of the server).
  if (name === 'AIP_MODE') {
    throw new UsageError(`AIP_MODE cannot stand in ${where}: Triton would open its Vertex AI port`, {
      fix: 'take it out: a run is called over gRPC',
    });
  }
}

/** Names that a value should not be written into a script for, where others of the group may read it. */
export function listSecretNames({ environment, serverEnvironment }: RunPlan): string[] {
  return [...environment, ...serverEnvironment]
    .map((entry) => entry.slice(0, entry.indexOf('=')))
    .filter((name) => /TOKEN|SECRET|PASS|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE/i.test(name));
}
