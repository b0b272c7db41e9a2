import type { CompleteSettings } from '../../config/defaults.ts';
import { UsageError } from '../../support/errors.ts';
import type { RunPlan } from './run-plan.ts';

/**
 * Plans the environment of the container, as `NAME=value`: variables with a value in the settings, and
 * variables that the settings name and the submitting environment has.
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
      // Docker's environment file cannot represent such a value.
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
    throw new UsageError(`LD_PRELOAD cannot be set in ${where}`, {
      fix: 'list the libraries in triton.preload: they are loaded only into tritonserver',
    });
  }
  // tritonserver then serves HTTP on all addresses and no gRPC (src/command_line_parser.cc of the server).
  if (name === 'AIP_MODE') {
    throw new UsageError(`AIP_MODE cannot be set in ${where}: Triton would open its Vertex AI port`, {
      fix: 'remove it: a run is called over gRPC',
    });
  }
}

/**
 * Lists the names of variables whose values resemble secrets, because others in the group may read the
 * script.
 */
export function listSecretNames({ environment, serverEnvironment }: RunPlan): string[] {
  return [...environment, ...serverEnvironment]
    .map((entry) => entry.slice(0, entry.indexOf('=')))
    .filter((name) => /TOKEN|SECRET|PASS|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE/i.test(name));
}
