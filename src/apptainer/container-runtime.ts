import type { Context } from '../support/context.ts';
import { expectSuccess } from '../support/processes/command.ts';
import { MissingToolError } from '../support/errors.ts';
import { findProgram } from '../support/processes/find-program.ts';

export interface ContainerRuntime {
  readonly name: 'apptainer' | 'singularity';
  /** Absolute path. */
  readonly path: string;
  /** Version as the runtime prints it: "1.4.5", "4.1.0", "3.8.7-1.el8". */
  readonly version: string;
}

const versionTimeoutMs = 20_000;

/**
 * Returns the path of this host's container runtime: `apptainer`, else `singularity`; undefined if neither is
 * installed.
 */
export function findRuntimePath(env: Context['env']): string | undefined {
  return findProgram('apptainer', env) ?? findProgram('singularity', env);
}

/**
 * Finds the container runtime of this host: `apptainer`, else `singularity`.
 *
 * @throws {MissingToolError} if neither is installed.
 * @throws {CommandFailedError} if `--version` fails.
 */
export async function findContainerRuntime(
  context: Pick<Context, 'env' | 'run' | 'signal'>,
): Promise<ContainerRuntime> {
  const { env, run, signal } = context;
  const path = findRuntimePath(env);
  if (path === undefined) {
    throw new MissingToolError('neither apptainer nor singularity is on the PATH', {
      fix: 'on a cluster try `module avail apptainer singularity`; else see https://apptainer.org/docs/admin/latest/installation.html',
    });
  }
  const output = expectSuccess(
    await run(path, ['--version'], { env: getRuntimeEnvironment(env), timeoutMs: versionTimeoutMs, signal }),
    `${path} --version`,
  ).stdout.trim();
  // "apptainer version 1.4.5", "singularity-ce version 4.1.0", older ones only "3.8.7".
  return {
    name: output.startsWith('apptainer') ? 'apptainer' : 'singularity',
    path,
    version: output.split(/\s+/).at(-1) ?? output,
  };
}

/** Settings of the runtime that name locations or logins; all others would change its behavior. */
const allowedVariables =
  /^(APPTAINER|SINGULARITY)_(CONFIGDIR|AUTH_FILE|DOCKER_(USERNAME|PASSWORD))$|^(?!APPTAINER|SINGULARITY)/;

/** Returns whether the container runtime reads this variable as an option, or passes it to its containers. */
export function isRuntimeOption(name: string): boolean {
  return !allowedVariables.test(name);
}

/**
 * Returns the environment for the runtime's own process: the user's, without the variables that act like flags of the
 * runtime (APPTAINER_BIND and the like) and without preloaded libraries.
 */
export function getRuntimeEnvironment(
  env: Context['env'],
  extra: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  const own = Object.entries(env).filter(([name]) => !isRuntimeOption(name) && name !== 'LD_PRELOAD');
  return { ...Object.fromEntries(own), ...extra };
}
