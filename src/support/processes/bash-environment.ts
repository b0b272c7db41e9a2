/** Variables that make bash read a file, or set options, before the first line of a script. */
const startupVariables = new Set(['BASH_ENV', 'ENV', 'SHELLOPTS', 'BASHOPTS']);

/** Returns the environment for a bash that executes a script of this package; pass `--norc` to bash as well. */
export function createBashEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !startupVariables.has(name)));
}
