import type { Context } from '../support/context.ts';

const timeoutMs = 20_000;
/** In the order in which one would take them. */
const wanted = ['apptainer', 'singularityce', 'singularity-ce', 'singularity'];

/**
 * The name of the environment module (Lmod or Environment Modules) that brings Apptainer or Singularity on this host;
 * undefined where there is none, or no such system.
 */
export async function findRuntimeModule({
  run,
  env,
  signal,
}: Pick<Context, 'run' | 'env' | 'signal'>): Promise<string | undefined> {
  // A login shell: that is where sites define `module`, which is a function.
  const result = await run('bash', ['-lc', 'module --terse avail "$@" 2>&1', 'bash', ...wanted], {
    env,
    timeoutMs,
    signal,
  });
  if (result.exitCode !== 0) {
    return undefined;
  }
  // "apptainer/1.3.4(default)", directories as headings with a colon at the end.
  const names = result.stdout.split('\n').map((line) => /^([\w.-]+)(?:\/|\(|\s|$)/.exec(line)?.[1]);
  return wanted.find((name) => names.includes(name));
}
