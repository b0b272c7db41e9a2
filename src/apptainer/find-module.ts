import type { Context } from '../support/context.ts';

const timeoutMs = 20_000;
/** Names of modules in order of preference. */
const wanted = ['apptainer', 'singularityce', 'singularity-ce', 'singularity'];

/**
 * Returns the name of the environment module (Lmod or Environment Modules) that provides Apptainer or Singularity on
 * this host; undefined if there is none, or no module system.
 */
export async function findRuntimeModule({
  run,
  env,
  signal,
}: Pick<Context, 'run' | 'env' | 'signal'>): Promise<string | undefined> {
  // Sites define the function `module` in the files of a login shell.
  const result = await run('bash', ['-lc', 'module --terse avail "$@" 2>&1', 'bash', ...wanted], {
    env,
    timeoutMs,
    signal,
  });
  if (result.exitCode !== 0) {
    return undefined;
  }
  // The output looks like "apptainer/1.3.4(default)", with directories as headings that end with a colon.
  const names = result.stdout.split('\n').map((line) => /^([\w.-]+)(?:\/|\(|\s|$)/.exec(line)?.[1]);
  return wanted.find((name) => names.includes(name));
}
