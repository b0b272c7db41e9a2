/** Variables from which bash takes a file to read, or options to set, before the first line of a script. */
const startupVariables = new Set(['BASH_ENV', 'ENV', 'SHELLOPTS', 'BASHOPTS']);

/** Environment for a bash that executes a script of this package; start bash with `--norc` as well. */
export function bashEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !startupVariables.has(name)));
}
