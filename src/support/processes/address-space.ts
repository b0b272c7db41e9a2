import { readFileSync } from 'node:fs';

/** Option with which Node reserves no guard regions, which have 10 GB for each instance of WebAssembly. */
export const withoutGuardRegions = '--disable-wasm-trap-handler';

/** Returns the limit of this process's address space in bytes (`ulimit -v`); undefined without a limit. */
export function getAddressSpaceLimit(limits = readLimits()): number | undefined {
  const soft = /^Max address space +(?<soft>\d+)/m.exec(limits)?.groups?.soft;
  return soft === undefined ? undefined : Number(soft);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}

/**
 * Replaces this process by Node with the same arguments and without guard regions when the address space is limited: the
 * regions are never used, and the option cannot be set later.
 */
export function restartWithoutGuardRegions(
  {
    execPath,
    execArgv,
    argv,
    env,
    execve,
  }: Pick<NodeJS.Process, 'execPath' | 'execArgv' | 'argv' | 'env'> & {
    readonly execve?: NodeJS.Process['execve'] | undefined;
  },
  limit = getAddressSpaceLimit(),
): void {
  const options = env.NODE_OPTIONS ?? '';
  const isSet = execArgv.includes(withoutGuardRegions) || options.includes(withoutGuardRegions);
  if (limit === undefined || isSet || execve === undefined) {
    return;
  }
  if (argv[1] === execPath) {
    // The single executable cannot pass options to Node.
    const more = { ...env, NODE_OPTIONS: `${options} ${withoutGuardRegions}`.trim() };
    execve(execPath, [execPath, ...argv.slice(2)], more);
  } else {
    execve(execPath, [execPath, withoutGuardRegions, ...execArgv, ...argv.slice(1)], env);
  }
}
